"""The place of ser2net."""

from __future__ import annotations

import os
import shutil

__all__ = ("program",)

#: Daemons are not on each user's path.
PLACES = ("/usr/sbin", "/usr/local/sbin")


def program() -> str | None:
    """Return the path of ser2net; None if it is not installed."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), *PLACES))
    return shutil.which("ser2net", path=path)
