"""Which line feeds belong to a command line (V.250 5.2.1).

A line feed directly after a terminator belongs to the line, even if that line leads to
data mode. A line feed after CONNECT may also be the first byte of payload. A host that
ends its lines with CR LF does so every time. So its last line decides.
"""

from __future__ import annotations

__all__ = ("LineFeeds",)


class LineFeeds:
    """Knows how the host on one port ends its lines."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Forget the host, because another may come."""
        self._usual = True
        self._behind_terminator = False

    def terminated(self) -> None:
        """Record a terminator: the next byte comes directly after it."""
        self._behind_terminator = True

    def claims(self, is_line_feed: bool, *, late: bool = False) -> bool:
        """Return whether the host's next byte belongs to the line before it.

        :param is_line_feed: whether the next byte is a line feed.
        :param late: whether it came after CONNECT, so that it may be payload.
        """
        if not self._behind_terminator:
            return False
        self._behind_terminator = False
        if is_line_feed and late and not self._usual:
            return False
        self._usual = is_line_feed
        return is_line_feed
