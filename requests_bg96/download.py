"""Download a file in as many attempts as it takes, and fetch no more than is missing.

After a failure, a later call fetches the rest (RFC 9110 section 14, ``Range`` and
``If-Range``), in this process or another one. It works with every session of requests.
"""

from __future__ import annotations

import contextlib
import dataclasses
import email.utils
import hashlib
import os
import pathlib
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import requests

from .base.body import pieces_of
from .base.digests import Digest
from .base.partial import PartialFile
from .errors import TransferError

__all__ = ("DigestError", "DownloadError", "download")

#: Called with the file's name, the bytes that are there, and all bytes if known.
DownloadProgress = Callable[[str, int, "int | None"], None]

#: Bytes that are fetched again, to compare them with what is there. A serial line may
#: have lost bytes before it broke, or a module that restarts may have added its words.
OVERLAP = 512
#: Seconds between Last-Modified and Date: with fewer, a file may have changed twice
#: with one Last-Modified (RFC 9110 section 8.8.2.2).
SETTLED = 60
#: How many requests a file may take, and how many of them may bring nothing.
ROUNDS, FRUITLESS = 1000, 3

_RANGE = re.compile(r"bytes ([0-9]{1,15})-([0-9]{1,15})/([0-9]{1,15}|\*)")
_STRONG = re.compile(r'"[\x21\x23-\x7e\x80-\xff]*"')
#: The statuses of a server that does not give the asked range.
_NO_RANGE = (412, 416)


class DownloadError(requests.RequestException):
    """The server's answers do not make one file."""


class DigestError(DownloadError):
    """The file is complete, but has another digest; it was deleted."""


def download(
    session: requests.Session,
    url: str,
    path: str | os.PathLike[str],
    digest: str | None = None,
    progress: DownloadProgress | None = None,
    **arguments: Any,
) -> pathlib.Path:
    """Download `url` to the file `path`, and resume what an earlier call has begun.

    The bytes go to ``PATH.part``, which is moved into place when it is complete. If the
    session raises an exception, it stays there, and a later call fetches the rest, if
    the server tells a strong ETag or a Last-Modified and the file has not changed.
    Otherwise, the download begins again.

    :param session: sends the requests; mount a `BG96Adapter` on it.
    :param url: of the file.
    :param path: where it goes. A file of this name is replaced at the end.
    :param digest: of the whole file, such as ``sha256:9f86...``. A digest that the
        server tells (``Repr-Digest``, RFC 9530, or ``Digest``) is compared as well.
    :param progress: called as ``progress(name, received, size)``, in bytes. `size` is
        None if the server does not tell it.
    :param arguments: of `requests.Session.get`, such as ``timeout`` or ``headers``.
    :returns: the path of the file.
    :raises ValueError: if `digest` is none.
    :raises requests.RequestException: as `session` does.
    :raises DownloadError: if the server sends something else than a file.
    :raises DigestError: if the file has another digest.
    :raises OSError: if the file cannot be written, or another program writes it.
    """
    wanted = Digest.parse(digest) if digest is not None else None
    target = pathlib.Path(path)
    with PartialFile(target) as part:
        download = _Download(session, url, part, arguments)
        download.run(progress or _silent)
        for one in filter(None, (wanted, download.digest)):
            if not part.fits(one):
                part.discard()
                raise DigestError(f"{target.name} does not have the digest {one}")
        part.finish()
    return target


def _silent(name: str, received: int, size: int | None) -> None:
    """Show nothing."""


@dataclasses.dataclass(frozen=True)
class _Source:
    """What identifies one version of a file on a server.

    :param url: a digest of its URL, which may have secrets in it.
    :param etag: its ETag.
    :param modified: its Last-Modified.
    :param validator: which of these two tells whether the file has changed.
    :param coding: its Content-Encoding.
    :param size: in bytes, None if it is not told.
    :param digest: its digest, as text.
    """

    url: str
    etag: str | None = None
    modified: str | None = None
    validator: str | None = None
    coding: str | None = None
    size: int | None = None
    digest: str | None = None

    @classmethod
    def of(cls, url: str, response: requests.Response) -> _Source:
        """Return the source that the headers of a response describe."""
        headers = response.headers
        etag, modified = headers.get("ETag"), headers.get("Last-Modified")
        length = headers.get("Content-Length", "")
        digest = Digest.from_headers(headers)
        return cls(
            url,
            etag,
            modified,
            etag if _STRONG.fullmatch(etag or "") else _settled(headers),
            headers.get("Content-Encoding"),
            int(length) if re.fullmatch("[0-9]{1,15}", length) else None,
            None if digest is None else str(digest),
        )

    def is_sound(self) -> bool:
        """Return whether all fields have their types.

        :raises ValueError: if the digest is none.
        """
        texts = {**dataclasses.asdict(self), "size": None}.values()
        if self.digest is not None:
            Digest.parse(self.digest)
        sizes = isinstance(self.size, int) or self.size is None
        return sizes and all(isinstance(one, str) or one is None for one in texts)

    def is_in(self, response: requests.Response, start: int) -> bool:
        """Return whether a part of it that begins at `start` is in `response`."""
        headers = response.headers
        told = _RANGE.fullmatch(headers.get("Content-Range", ""))
        if told is None or not start == int(told[1]) <= int(told[2]):
            return False
        length = str(int(told[2]) - start + 1)
        # The answer to If-Range must have the ETag. It need not have the others.
        required = {"ETag": self.etag}
        allowed = {
            "Last-Modified": self.modified,
            "Content-Encoding": self.coding,
            "Content-Length": length,
        }
        return (
            told[3] == str(told[3] if self.size is None else self.size)
            and all(headers.get(name) == value for name, value in required.items())
            and all(headers.get(name, one) == one for name, one in allowed.items())
            and self._may_have(Digest.from_headers(headers))
        )

    def _may_have(self, digest: Digest | None) -> bool:
        return digest is None or self.digest in (None, str(digest))


def _settled(headers: Mapping[str, str]) -> str | None:
    """Return Last-Modified if it tells whether a file has changed."""
    modified = headers.get("Last-Modified")
    with contextlib.suppress(TypeError, ValueError, OverflowError):
        then = email.utils.parsedate_to_datetime(str(modified))
        now = email.utils.parsedate_to_datetime(headers.get("Date", ""))
        if (now - then).total_seconds() >= SETTLED:
            return modified
    return None


class _Download:
    """The requests for a file.

    :param session: sends them.
    :param url: of the file.
    :param part: what is there of it.
    :param arguments: of the requests.
    """

    def __init__(
        self,
        session: requests.Session,
        url: str,
        part: PartialFile,
        arguments: dict[str, Any],
    ) -> None:
        self._session = session
        self._url = url
        self._part = part
        self._headers = dict(arguments.pop("headers", None) or {})
        self._arguments = {**arguments, "stream": True}
        named = f"{url} {arguments.get('params')!r}"
        self._name = hashlib.sha256(named.encode("utf-8", "replace")).hexdigest()
        self._source = self._known()

    @property
    def digest(self) -> Digest | None:
        """The digest that the server tells."""
        told = self._source.digest
        return None if told is None else Digest.parse(told)

    def run(self, progress: DownloadProgress) -> None:
        """Fetch what is missing.

        :raises DownloadError: if the server does not give it.
        """
        fruitless = 0
        for _ in range(ROUNDS):
            before = self._part.size
            if self._round(progress):
                return
            fruitless += self._part.size <= before
            if fruitless > FRUITLESS:
                break
        raise DownloadError("the server does not send the file, but parts of others")

    def _round(self, progress: DownloadProgress) -> bool:
        """Make one request; return whether the file is complete."""
        start = self._start()
        with self._ask(start) as response:
            if not self._accept(response, start):
                return False
            pieces = pieces_of(response, decode=False)
            self._tell(progress)
            if not self._compare(pieces, start):
                return False
            self._tell(progress)
            self._receive(pieces, progress)
        return self._is_complete()

    def _tell(self, progress: DownloadProgress) -> None:
        progress(self._part.path.name, self._part.size, self._source.size)

    def _is_complete(self) -> bool:
        size = self._part.size if self._source.size is None else self._source.size
        if self._part.size > size:
            self._part.cut(0)
            raise DownloadError("the server sent more bytes than it told of")
        return self._part.size == size

    def _known(self) -> _Source:
        """Return what is known of the file on the disk, if it is the same URL's."""
        # Another version of this library may have written other fields.
        with contextlib.suppress(TypeError, ValueError):
            known = _Source(**(self._part.source or {}))
            if known.url == self._name and known.validator and known.is_sound():
                return known
        return self._nothing()

    def _nothing(self) -> _Source:
        self._part.cut(0)
        return _Source(self._name)

    def _start(self) -> int:
        """Return the first byte to ask for.

        It is before the end of what is there, which is compared.
        """
        start = max(self._part.certain, self._part.size - OVERLAP)
        size = self._source.size
        # If all are there, the last one tells whether the file has changed.
        return start if size is None else max(0, min(start, size - 1))

    def _ask(self, start: int) -> requests.Response:
        headers = {
            "Accept-Encoding": "identity",
            "Want-Repr-Digest": "sha-256=1",
            **self._headers,
        }
        if start:
            headers["Range"] = f"bytes={start}-"
            headers["If-Range"] = str(self._source.validator)
        return self._session.get(self._url, headers=headers, **self._arguments)

    def _accept(self, response: requests.Response, start: int) -> bool:
        """Return whether the body of `response` belongs at the end of what is there.

        If not, what is there is given up.

        :raises DownloadError: if the server will not send the file.
        :raises requests.HTTPError: if it answers with an error.
        """
        status = response.status_code
        if status == 206 and start:
            if self._source.is_in(response, start):
                self._note_digest(response)
                return True
        elif status == 200:
            self._source = _Source.of(self._name, response)
            self._part.begin(dataclasses.asdict(self._source))
            return True
        elif not (start and status in _NO_RANGE):
            response.raise_for_status()
            raise DownloadError(f"the server answered {status}, which is no file")
        self._source = self._nothing()
        return False

    def _note_digest(self, response: requests.Response) -> None:
        told = Digest.from_headers(response.headers)
        if self._source.digest is None and told is not None:
            self._source = dataclasses.replace(self._source, digest=str(told))

    def _compare(self, pieces: Iterator[bytes], start: int) -> bool:
        """Return whether the bytes that are there from `start` on are right.

        If they are wrong, they are given up.

        :param pieces: the body from `start` on; the rest of it is written.
        """
        there, came = self._part.behind(start), b""
        while len(came) < len(there) and (piece := next(pieces, b"")):
            came += piece
        if len(came) < len(there) and there.startswith(came):
            # It ended early.
            return False
        if not came.startswith(there):
            self._part.cut(self._part.certain)
            return False
        self._part.certain = self._part.size
        self._part.write(came[len(there) :])
        return True

    def _receive(self, pieces: Iterator[bytes], progress: DownloadProgress) -> None:
        try:
            for piece in pieces:
                self._part.write(piece)
                self._tell(progress)
        except requests.RequestException as error:
            if _has_lost_bytes(error):
                self._part.cut(self._part.certain)
            raise


def _has_lost_bytes(error: BaseException) -> bool:
    """Return whether the line to the module has lost bytes, or added some."""
    one: BaseException | None = error
    while one is not None and not isinstance(one, TransferError):
        one = one.__cause__ or one.__context__
    return one is not None
