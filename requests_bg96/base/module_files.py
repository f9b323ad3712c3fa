"""Files in the module: the names of temporary ones, and the progress of an upload."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable

__all__ = ("Progress", "TEMPORARY_NAME", "request_name", "response_name")

#: Called with the name of a file, the bytes that were sent, and its size.
Progress = Callable[[str, int, int], None]

#: The names of the temporary files of exchanges.
TEMPORARY_NAME = re.compile(r"[0-9a-f]{8}\.(?:req|rsp)")


def request_name(content: bytes) -> str:
    """Return the name of a temporary file for a request."""
    return f"{hashlib.sha256(content).hexdigest()[:8]}.req"


def response_name() -> str:
    """Return the name of a temporary file for a response."""
    return f"{secrets.token_hex(4)}.rsp"
