"""The trace that a user passes to an adapter."""

from __future__ import annotations

import collections
import json
import os
import pathlib
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..base.recording import Recording, SocketRecording
from ..clock import Clock
from .entry import TraceEntry
from .har import har

__all__ = ("Trace",)


class Trace:
    """Collects the requests of adapters, with their AT dialogue; never their bodies.

    Several adapters and threads may share it. A copy is the trace itself. A pickled
    trace has its settings, but no entries.

    :param limit: the most entries that are kept, at least 1. The oldest go first. A
        small request takes about 4 kB.
    :param secrets: whether to keep the values of all headers and of the parameters in
        URLs. By default, values that may be secret are replaced. User and password in
        a URL are never kept.
    :raises ValueError: if `limit` is less than 1.
    """

    def __init__(self, limit: int = 1_000, *, secrets: bool = False) -> None:
        if limit < 1:
            raise ValueError("limit must be at least 1")
        self.limit = limit
        self.secrets = secrets
        self._entries: collections.deque[TraceEntry] = collections.deque(maxlen=limit)
        self._dropped = 0
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self._entries)} requests>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpickled, (type(self), self.limit, self.secrets)

    def __copy__(self) -> Trace:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Trace:
        return self

    @property
    def entries(self) -> tuple[TraceEntry, ...]:
        """The requests that are kept, the oldest first; some may not have ended."""
        with self._lock:
            return tuple(self._entries)

    @property
    def dropped(self) -> int:
        """How many older requests were not kept, because of the limit."""
        return self._dropped

    def clear(self) -> None:
        """Forget all requests."""
        with self._lock:
            self._entries.clear()
            self._dropped = 0

    @contextmanager
    def entry(
        self,
        clock: Clock,
        method: str,
        url: str,
        data: bytes | bytearray,
        via: str = "line",
    ) -> Iterator[TraceEntry]:
        """Add an entry for the exchange in this ``with`` block.

        :param clock: the clock of the modem.
        :param method: the method.
        :param url: the URL.
        :param data: the request as it is sent, head and body.
        :param via: the way to the server: ``line`` or ``file``.
        """
        entry = self._add(Recording(clock), method, url, via)
        size = data.find(b"\r\n\r\n") + 4
        entry.sends(data[:size])
        entry.sends(data[size:])
        try:
            yield entry
        except BaseException as error:
            entry.fail(error)
            raise

    def begin_by_socket(self, clock: Clock, method: str, url: str) -> TraceEntry:
        """Add an entry for an exchange over a socket of the module, and return it.

        :param clock: the clock of the modem.
        :param method: the method.
        :param url: the URL.
        """
        return self._add(SocketRecording(clock), method, url, "socket")

    def _add(self, recording: Recording, method: str, url: str, via: str) -> TraceEntry:
        entry = TraceEntry(recording, method, url, via=via, secrets=self.secrets)
        with self._lock:
            self._dropped += len(self._entries) == self.limit
            self._entries.append(entry)
        return entry

    def har(self) -> dict[str, Any]:
        """Return the trace as a HAR 1.2 document, which `json` can write."""
        return har(self.entries, self.dropped)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the trace as a HAR 1.2 file, which only its owner may read.

        The file is complete, or an earlier one is left as it was. A pipe or a device,
        such as ``/dev/stdout``, is written to.

        :raises OSError: if it cannot be written.
        """
        target = pathlib.Path(path).resolve()
        text = json.dumps(self.har())
        if target.exists() and not target.is_file():
            target.write_text(text, encoding="utf-8")
            return
        handle, name = tempfile.mkstemp(".tmp", target.name, target.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(name, target)
        except BaseException:
            os.unlink(name)
            raise


def _unpickled(kind: type[Trace], limit: int, secrets: bool) -> Trace:
    return kind(limit, secrets=secrets)
