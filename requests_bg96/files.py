"""The files in a module's own file system, for whoever wants to look or tidy up."""

from __future__ import annotations

from contextlib import suppress
from typing import Protocol, TypeVar

from .at.steps import Command, Dialogue, must
from .base import repeating
from .base.knowledge import Knowledge
from .base.trust import OWN_NAME
from .dialogues.files import (
    TEMPORARY_NAME,
    Progress,
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

#: Seconds for what is not the transfer of a file, which has a time of its own.
SECONDS = 60.0


class Converse(Protocol):
    """Holds a dialogue with the module, which nobody else uses meanwhile."""

    def __call__(self, dialogue: Dialogue[T], timeout: float) -> T:
        """Return what `dialogue` returns, within `timeout` seconds."""


class ModemFiles:
    """The files of one module, as `BG96Modem.files`.

    Certificates and keys are put there by HTTPS requests that need them, and again by
    the next one where they were deleted. All methods raise `BG96Error` where the module
    cannot be spoken to, or refuses.

    :param converse: the way to the module.
    :param settings: how it is wired.
    :param known: what is known of it, which changes with its files.
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
        """Return the sizes of those that this library has put there, by name.

        They are known by their names: eight hexadecimal digits, and ``.ca``, ``.crt``
        or ``.key`` for HTTPS, ``.req`` or ``.rsp`` for what a program that was stopped
        has left.
        """
        return {name: size for name, size in self.list().items() if _is_own(name)}

    def free(self) -> int:
        """Return how many bytes are free (FILE manual 2.1)."""
        return self._converse(free_space(), SECONDS)

    def delete(self, name: str) -> bool:
        """Delete one file; return whether there was one (FILE manual 2.3).

        :raises LimitError: for a name that is none, ``*`` among them.
        """
        _check(name)
        self._known.doubt()
        return self._converse(delete(name), SECONDS)

    def delete_own(self) -> dict[str, int]:
        """Delete what `own` returns, and return it."""
        return {name: size for name, size in self.own().items() if self.delete(name)}

    def wipe_keys(self) -> dict[str, bool]:
        """Delete the private keys that this library has put there.

        Each is overwritten with zeros first. What the flash memory keeps of the old
        bytes underneath its file system, no command of the module reaches: a key that
        has been in wrong hands is to be revoked.

        :returns: by name, whether it could be overwritten; it is deleted in any case.
        """
        keys = [name for name in self.own() if name.endswith(".key")]
        return {name: self._wipe(name) for name in keys}

    def upload(self, name: str, data: bytes, progress: Progress | None = None) -> None:
        """Write a file, in place of one of that name (FILE manual 2.4).

        :param name: up to 80 characters; the manual advises 8.3.
        :param data: its bytes, at least one.
        :param progress: called as ``progress(name, sent, size)``.
        :raises LimitError: for a name that is none, or no data.
        :raises SetupError: if there is no room.
        :raises TransferError: if it does not arrive intact, by size and checksum.
        """
        _check(name)
        if not data:
            raise LimitError("the module has no files without a byte")
        self._known.doubt()
        # Should a certificate of that name be needed, it is sent again.
        self._known.contents[name] = b""
        self._transfer(store(name, data, progress, anew=True))

    def download(self, name: str) -> bytes:
        """Return what is in a file (FILE manual 2.5).

        :raises LimitError: for a name that is none.
        :raises ModuleError: 405 where there is no such file.
        :raises TransferError: if it does not arrive intact, by size and checksum.
        """
        _check(name)
        for _ in repeating.FILE.times:
            data = bytearray()
            # A byte that the line has lost is waited for in vain.
            with suppress(NoAnswer):
                if self._transfer(download(name, data.extend)):
                    return bytes(data)
        raise TransferError(
            f"{name} did not arrive intact in {repeating.FILE.attempts} attempts"
        )

    def _transfer(self, dialogue: Dialogue[T]) -> T:
        """Carry out what leads to data mode, with the module heeding RTS and CTS."""
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
        # No request may have been made yet; and a restart has it forgotten.
        yield from must(Command(FLOW_CONTROL))
    return (yield from dialogue)


def _is_own(name: str) -> bool:
    return bool(OWN_NAME.fullmatch(name) or TEMPORARY_NAME.fullmatch(name))


def _check(name: str) -> None:
    """Refuse what is the name of no file, or of all of them."""
    if not name or "*" in name:
        raise LimitError(f"{name!r} is not the name of a file")
