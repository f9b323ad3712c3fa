"""The markup of Sphinx on our pages, made known to docutils."""

from __future__ import annotations

from docutils import nodes
from docutils.parsers.rst import Directive, directives, roles

__all__ = ("ROLES", "register")

#: The roles that lead to another page or to a place on it.
ROLES = ("doc", "ref")
#: The directives that only Sphinx carries out: lists of pages, and the API.
DIRECTIVES = (
    "autoclass",
    "autoexception",
    "autofunction",
    "automodule",
    "currentmodule",
    "toctree",
)


class Skipped(Directive):
    """A directive that only Sphinx carries out."""

    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        """Return nothing."""
        return []


class AnyOption(dict[str, object]):
    """The options of a directive that takes all names."""

    def __getitem__(self, name: str) -> object:
        return directives.unchanged

    def __bool__(self) -> bool:
        return True


Skipped.option_spec = AnyOption()  # type: ignore[assignment]


def register() -> None:
    """Make the roles and directives known."""
    for name in ROLES:
        roles.register_generic_role(name, nodes.inline)
    for name in DIRECTIVES:
        directives.register_directive(name, Skipped)
