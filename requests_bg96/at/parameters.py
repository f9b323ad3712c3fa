"""Parameters of AT commands, as text."""

from __future__ import annotations

import re

from ..errors import LimitError

__all__ = ("joined", "number", "quoted")

_NUMBER = re.compile("[0-9]{1,18}")


def number(text: str) -> int | None:
    """Return the number that `text` is, and nothing else; None where it is none.

    Not every character that `str.isdigit` takes is one to `int`, nor are some thousands
    of digits.
    """
    return int(text) if _NUMBER.fullmatch(text) else None


def joined(*texts: str) -> str:
    """Return extended commands as one line.

    ``AT+CMEE=1;+QIACT?`` (AT manual 3.5): one answer, and the rest is not carried out
    after the first that fails.
    """
    return ";".join(texts)


def quoted(value: str, what: str, limit: int = 127) -> str:
    """Return `value` in the quotes of a string parameter.

    :param what: what it is, for the error.
    :param limit: the most bytes it may have.
    :raises LimitError: if it could end the quotes or the line, is not ASCII, or is
        too long.
    """
    if '"' in value or not (value.isascii() and (value.isprintable() or not value)):
        raise LimitError(
            f"the {what} must be printable ASCII without quotes: it becomes part of an "
            "AT command line"
        )
    if len(value) > limit:
        raise LimitError(f"the {what} has {len(value)} bytes; at most {limit} fit")
    return f'"{value}"'
