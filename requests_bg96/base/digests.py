"""Digests of a whole file: as a user writes them, and as a server tells them."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import hashlib
import re
from collections.abc import Mapping
from typing import BinaryIO

__all__ = ("Digest",)

#: The names of the algorithms in RFC 9530, and in `hashlib`. Others are not secure.
_ALGORITHMS = {"sha-512": "sha512", "sha-256": "sha256"}
_SIZES = {name: hashlib.new(name).digest_size for name in _ALGORITHMS.values()}

_GIVEN = re.compile(r"(?:(sha256|sha512):)?([0-9a-f]+)", re.IGNORECASE)
#: An item of Repr-Digest (RFC 9530 section 3) or Digest (RFC 3230).
_TOLD = re.compile(r"\s*([A-Za-z0-9-]+)=(:?)([A-Za-z0-9+/]+={0,2})\2\s*(?:;.*)?")
#: Bytes that are read from a file at once.
_PIECE = 1 << 16


@dataclasses.dataclass(frozen=True)
class Digest:
    """A digest of a whole file.

    :param algorithm: its name in `hashlib`.
    :param value: its bytes.
    """

    algorithm: str
    value: bytes

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.value.hex()}"

    @classmethod
    def parse(cls, text: str) -> Digest:
        """Return the digest in a text such as ``sha256:9f86...``.

        :param text: ``sha256:`` or ``sha512:`` and hexadecimal digits; without a name,
            their number tells which of the two it is.
        :raises ValueError: if it has another form.
        """
        match = _GIVEN.fullmatch(text.strip())
        for algorithm, size in _SIZES.items():
            named = match is not None and (match[1] or algorithm).lower() == algorithm
            if match is not None and named and len(match[2]) == 2 * size:
                return cls(algorithm, bytes.fromhex(match[2]))
        raise ValueError(f"{text!r} is not a digest; write it as sha256:HEX")

    @classmethod
    def from_headers(cls, headers: Mapping[str, str]) -> Digest | None:
        """Return the strongest digest of the whole file that a server tells.

        It is in ``Repr-Digest`` (RFC 9530), or in ``Digest`` of older servers (RFC
        3230). Anything else is ignored, as both RFCs say.
        """
        for name in ("Repr-Digest", "Digest"):
            items = map(_TOLD.fullmatch, headers.get(name, "").split(","))
            found = {item[1].lower(): item[3] for item in items if item}
            for told, algorithm in _ALGORITHMS.items():
                value = _decoded(found.get(told, ""))
                if len(value) == _SIZES[algorithm]:
                    return cls(algorithm, value)
        return None

    def fits(self, file: BinaryIO) -> bool:
        """Return whether this is the digest of `file`, from its start to its end."""
        file.seek(0)
        found = hashlib.new(self.algorithm)
        while piece := file.read(_PIECE):
            found.update(piece)
        return found.digest() == self.value


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return b""
