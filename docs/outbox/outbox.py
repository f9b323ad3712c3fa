"""Readings that wait on disk until the server has them."""

import json
import logging
import random
import sqlite3
import time
import uuid
from typing import Any

import requests
from urllib3.exceptions import InvalidHeader
from urllib3.util import Retry

logger = logging.getLogger(__name__)

#: Seconds between attempts: after the first failure, and at most.
FIRST, LONGEST = 15.0, 3600.0
#: A server may ask for at most this many seconds, as with urllib3's ``Retry``.
LONGEST_ASKED = 21600.0
#: The server says by these that the item is at fault, and will be at fault again:
#: RFC 9110 15.5 (400, 413, 415, 422). Any other status is a failure of today.
ITEM_AT_FAULT = {400, 413, 415, 422}
TABLES = """
CREATE TABLE IF NOT EXISTS items (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    body TEXT NOT NULL,
    refused INTEGER
);
CREATE TABLE IF NOT EXISTS pause (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    failures INTEGER NOT NULL,
    seconds REAL NOT NULL,
    written REAL NOT NULL
);
"""


class Outbox:
    """Keeps items in SQLite, and sends each until the server has confirmed it.

    An item that `put` has returned for is not lost, whenever the program or the machine
    stops. Items are sent one at a time, in order. The server may get one twice, because
    a response can be lost. It must carry out each ``Idempotency-Key`` once, as
    draft-ietf-httpapi-idempotency-key-header describes.

    Use one object in one thread. Other programs may use the same file.

    :param path: the file, on a disk that keeps what it has confirmed.
    """

    def __init__(self, path: str) -> None:
        # Each statement is a transaction, and is on disk when it returns.
        self._rows = sqlite3.connect(path, timeout=30, isolation_level=None)
        self._rows.execute("PRAGMA journal_mode = WAL")
        self._rows.execute("PRAGMA synchronous = FULL")
        self._rows.executescript(TABLES)
        self._failures, left = self._kept_pause()
        self._next_attempt = time.monotonic() + left

    def put(self, item: Any) -> str:
        """Keep an item that can be written as JSON; return its key."""
        key = str(uuid.uuid4())
        row = (key, json.dumps(item))
        self._rows.execute("INSERT INTO items (key, body) VALUES (?, ?)", row)
        return key

    def send(self, session: requests.Session, url: str) -> float | None:
        """Send what is there, the oldest first.

        :return: the seconds until the next attempt may be made; None if nothing is
            left.
        """
        while (item := self._oldest()) is not None:
            left = self._next_attempt - time.monotonic()
            if left > 0:
                return left
            self._attempt(session, url, *item)
        return None

    def refused(self) -> list[tuple[int, Any]]:
        """Return the items that the server will never take, each with the status."""
        rows = self._rows.execute(
            "SELECT refused, body FROM items WHERE refused NOTNULL ORDER BY number"
        )
        return [(status, json.loads(body)) for status, body in rows]

    def close(self) -> None:
        """Close the file."""
        self._rows.close()

    def _oldest(self) -> tuple[int, str, str] | None:
        row: tuple[int, str, str] | None = self._rows.execute(
            "SELECT number, key, body FROM items WHERE refused ISNULL"
            " ORDER BY number LIMIT 1"
        ).fetchone()
        return row

    def _attempt(
        self, session: requests.Session, url: str, number: int, key: str, body: str
    ) -> None:
        headers = {"Content-Type": "application/json", "Idempotency-Key": f'"{key}"'}
        try:
            # A redirect may turn POST into GET, which would confirm nothing.
            response = session.post(
                url, data=body, headers=headers, allow_redirects=False
            )
        except requests.RequestException as error:
            logger.warning("item %d was not sent: %s", number, error)
            self._wait(pause_after(error))
            return
        if response.status_code // 100 == 2:
            self._rows.execute("DELETE FROM items WHERE number = ?", (number,))
            if self._failures:
                self._keep_pause(0, 0.0)
        elif response.status_code in ITEM_AT_FAULT:
            logger.error("item %d was refused: %d", number, response.status_code)
            self._rows.execute(
                "UPDATE items SET refused = ? WHERE number = ?",
                (response.status_code, number),
            )
        else:
            logger.warning("item %d got status %d", number, response.status_code)
            self._wait(_retry_after(response))

    def _wait(self, asked: float | None) -> None:
        """Make no attempt for as long as was asked, or twice as long as last time."""
        pause = min(LONGEST, FIRST * 2 ** min(self._failures, 20))
        pause = max(pause, min(asked or 0, LONGEST_ASKED))
        # Boxes that lost a server at the same time do not all come back at once.
        self._keep_pause(self._failures + 1, pause * random.uniform(1, 1.5))

    def _keep_pause(self, failures: int, seconds: float) -> None:
        self._failures, self._next_attempt = failures, time.monotonic() + seconds
        self._rows.execute(
            "INSERT OR REPLACE INTO pause VALUES (1, ?, ?, ?)",
            (failures, seconds, time.time()),
        )

    def _kept_pause(self) -> tuple[int, float]:
        row = self._rows.execute("SELECT failures, seconds, written FROM pause")
        failures, seconds, written = row.fetchone() or (0, 0.0, 0.0)
        # A machine's clock may have been set back. The pause does not become longer.
        return failures, max(0.0, seconds - max(0.0, time.time() - written))


def pause_after(error: BaseException | None) -> float | None:
    """Return the seconds that requests-bg96 wants to pass, if it says so."""
    while error is not None:
        seconds: float | None = getattr(error, "retry_after", None)
        if seconds is not None:
            return seconds
        error = error.__cause__ or error.__context__
    return None


def _retry_after(response: requests.Response) -> float | None:
    """Return the seconds of ``Retry-After``, if there is one (RFC 9110 10.2.3)."""
    try:
        return Retry().get_retry_after(response.raw)
    except InvalidHeader:
        return None
