"""The settings of Sphinx, which makes the site: ``tox -e docs``."""

from __future__ import annotations

import importlib.metadata

project = "requests-bg96"
author = "the requests-bg96 authors"
project_copyright = author
release = importlib.metadata.version(project)

extensions = ["sphinx.ext.autodoc"]
# The example is a project of its own, with a README.
exclude_patterns = ["_build", "example", "requirements.txt"]
# Docstrings have names in single backquotes.
default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
python_maximum_signature_line_length = 80
# The classes of other projects, of the standard library, and those that are not on the
# page of the API. Their pages cannot be reached when this site is built.
nitpick_ignore_regex = [
    ("py:.*", r"(?!requests_bg96\.).*"),
    ("py:.*", r"requests_bg96\.(at|base|clock|dialogues|emulator|settings)\..*"),
    ("py:.*", r"requests_bg96\.files\.Converse"),
]

html_theme = "furo"
html_title = f"{project} {release}"
html_show_sphinx = False
html_copy_source = False
