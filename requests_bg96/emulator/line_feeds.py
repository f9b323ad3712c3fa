"""Which line feeds belong to a command line (V.250 5.2.1).

A line feed directly behind a terminator is a part of the line that it ends, also where
that line leads to data mode. One that comes after CONNECT may as well be the first
byte of payload: a host that ends its lines with CR LF does so every time, so what it
did before tells the two apart.
"""

from __future__ import annotations

__all__ = ("LineFeeds",)


class LineFeeds:
    """What is known of the line ends of the host at one port."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Be ready for a host of which nothing is known."""
        self._usual = True
        self._behind_terminator = False

    def terminated(self) -> None:
        """Take note of a terminator: the next byte stands directly behind it."""
        self._behind_terminator = True

    def claims(self, is_line_feed: bool, *, late: bool = False) -> bool:
        """Tell whether the next byte of the host belongs to the line before it.

        :param late: whether it came after CONNECT, so that it may be payload.
        """
        if not self._behind_terminator:
            return False
        self._behind_terminator = False
        if is_line_feed and late and not self._usual:
            return False
        self._usual = is_line_feed
        return is_line_feed
