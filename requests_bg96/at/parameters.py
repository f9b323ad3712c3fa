"""Parameters of AT commands, as text."""

from __future__ import annotations

import re

from ..errors import LimitError

__all__ = ("joined", "number", "quoted")

_NUMBER = re.compile("[0-9]{1,18}")


def number(text: str) -> int | None:
    """Return the number in `text`, or None if it is anything else.

    `str.isdigit` accepts characters that `int` does not, and `int` does not accept
    thousands of digits.
    """
    return int(text) if _NUMBER.fullmatch(text) else None


def joined(*texts: str) -> str:
    """Return extended commands as one line.

    ``AT+CMEE=1;+QIACT?`` (AT manual 3.5) has one answer. After the first command that
    fails, the module ignores the rest.
    """
    return ";".join(texts)


def quoted(value: str, what: str, limit: int = 127) -> str:
    """Return `value` as a string parameter, in quotes.

    :param what: its name, for the error.
    :param limit: the most bytes that it may have.
    :raises LimitError: if it could end the quotes or the line, is not ASCII, or is too
        long.
    """
    if '"' in value or not (value.isascii() and (value.isprintable() or not value)):
        raise LimitError(
            f"the {what} must be printable ASCII without quotes, because it becomes "
            "part of an AT command"
        )
    if len(value) > limit:
        raise LimitError(f"the {what} has {len(value)} bytes; at most {limit} fit")
    return f'"{value}"'
