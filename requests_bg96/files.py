"""The files in a module's own file system, to list, send, fetch and delete."""

from __future__ import annotations

from contextlib import suppress
from typing import Protocol, TypeVar

from .at.steps import Command, Dialogue, must
from .base import repeating
from .base.knowledge import Knowledge
from .base.module_files import TEMPORARY_NAME, Progress
from .base.trust import OWN_NAME
from .dialogues.files import (
    delete,
    download,
    free_space,
    listing,
    overwrite,
    store,
)
from .dialogues.setup import FLOW_CONTROL
from .errors import LimitError, ModuleError, NoAnswer, TransferError
from .settings import Settings

__all__ = ("ModemFiles",)

T = TypeVar("T")

#: Seconds for everything except the transfer of a file, which has its own time.
SECONDS = 60.0


class Converse(Protocol):
    """Runs a dialogue with exclusive use of the module."""

    def __call__(self, dialogue: Dialogue[T], timeout: float) -> T:
        """Run `dialogue` within `timeout` seconds and return its result."""


class ModemFiles:
    """The files of one module, as `BG96Modem.files`.

    HTTPS requests store the certificates and keys that they need. If these were
    deleted, the next request stores them again. All methods raise `BG96Error` if the
    module does not answer, or refuses.

    :param converse: runs dialogues with the module.
    :param settings: how the module is wired.
    :param known: what is known of the module; it changes with the files.
    """

    def __init__(
        self, converse: Converse, settings: Settings, known: Knowledge
    ) -> None:
        self._converse = converse
        self._settings = settings
        self._known = known

    def list(self) -> dict[str, int]:
        """Return the sizes in bytes of all files, by name (FILE manual 2.2)."""
        return self._converse(listing(), SECONDS)

    def own(self) -> dict[str, int]:
        """Return the sizes of the files of this library, by name.

        The names have eight hexadecimal digits, and ``.ca``, ``.crt`` or ``.key`` for
        HTTPS, or ``.req`` or ``.rsp``, which a program that was stopped has left.
        """
        return {name: size for name, size in self.list().items() if _is_own(name)}

    def free(self) -> int:
        """Return the number of free bytes (FILE manual 2.1)."""
        return self._converse(free_space(), SECONDS)

    def delete(self, name: str) -> bool:
        """Delete one file; return whether it existed (FILE manual 2.3).

        :raises LimitError: if `name` is not the name of one file, for example ``*``.
        """
        _check(name)
        self._known.doubt()
        return self._converse(delete(name), SECONDS)

    def delete_own(self) -> dict[str, int]:
        """Delete the files that `own` returns, and return their sizes."""
        return {name: size for name, size in self.own().items() if self.delete(name)}

    def wipe_keys(self) -> dict[str, bool]:
        """Overwrite the private keys of this library with zeros, and delete them.

        No command reaches the old bytes in the flash memory below the file system. If a
        key may have been stolen, revoke it.

        :returns: by name, whether it could be overwritten. It is deleted in any case.
        """
        keys = [name for name in self.own() if name.endswith(".key")]
        return {name: self._wipe(name) for name in keys}

    def upload(self, name: str, data: bytes, progress: Progress | None = None) -> None:
        """Write a file, and replace a file of that name (FILE manual 2.4).

        :param name: up to 80 characters; the manual advises 8.3.
        :param data: its bytes, at least one.
        :param progress: called as ``progress(name, sent, size)``.
        :raises LimitError: if `name` is not the name of one file, or `data` is empty.
        :raises SetupError: if there is no room.
        :raises TransferError: if size or checksum are wrong after the transfer.
        """
        _check(name)
        if not data:
            raise LimitError("the module cannot store an empty file")
        self._known.doubt()
        # If a request needs a certificate of this name, it sends it again.
        self._known.contents[name] = b""
        self._transfer(store(name, data, progress, always=True))

    def download(self, name: str) -> bytes:
        """Return the content of a file (FILE manual 2.5).

        :raises LimitError: if `name` is not the name of one file.
        :raises ModuleError: 405 if there is no such file.
        :raises TransferError: if size or checksum are wrong after the transfer.
        """
        _check(name)
        for _ in repeating.FILE.times:
            data = bytearray()
            # If the line has lost a byte, the download times out.
            with suppress(NoAnswer):
                if self._transfer(download(name, data.extend)):
                    return bytes(data)
        raise TransferError(
            f"{name} did not arrive intact in {repeating.FILE.attempts} attempts: "
            "the line loses or changes bytes; check its wiring and its speed"
        )

    def _transfer(self, dialogue: Dialogue[T]) -> T:
        """Run a dialogue that leads to data mode, with flow control set up first."""
        return self._converse(_held_back(dialogue, self._settings), SECONDS)

    def _wipe(self, name: str) -> bool:
        try:
            overwritten = self._transfer(overwrite(name))
        except ModuleError:
            overwritten = False
        self.delete(name)
        return overwritten


def _held_back(dialogue: Dialogue[T], settings: Settings) -> Dialogue[T]:
    if settings.rtscts:
        # The module may not be set up yet, or may have restarted.
        yield from must(Command(FLOW_CONTROL))
    return (yield from dialogue)


def _is_own(name: str) -> bool:
    return bool(OWN_NAME.fullmatch(name) or TEMPORARY_NAME.fullmatch(name))


def _check(name: str) -> None:
    """Refuse a name that is empty, or stands for all files."""
    if not name or "*" in name:
        raise LimitError(f"{name!r} is not the name of a file")
