"""Write the pages that come from the code: ``python -m tests.documents.write_pages``.

It writes them, and their pictures, to docs. ``draw_states`` writes those of the states.
"""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Mapping

from tests.documents import (
    draw_demo,
    write_errors,
    write_request,
    write_symptoms,
    write_timeouts,
)

__all__ = ("DOCS", "FILES")

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"
#: What makes each file.
FILES: Mapping[str, Callable[[], str]] = {
    "demo.svg": draw_demo.picture,
    "errors.rst": write_errors.page,
    "request.rst": write_request.page,
    "request.svg": write_request.picture,
    "timeouts.rst": write_timeouts.page,
    "troubleshooting.rst": write_symptoms.page,
}


def main() -> None:
    """Write the files."""
    for name, made in FILES.items():
        (DOCS / name).write_text(made(), encoding="utf-8")


if __name__ == "__main__":
    main()
