"""The temporary files of exchanges in the module, and how they are deleted."""

from __future__ import annotations

from ..at.steps import Dialogue
from ..base.knowledge import Knowledge
from ..base.module_files import TEMPORARY_NAME
from .files import delete, listing

__all__ = ("delete_leftovers", "tidy")


def delete_leftovers(known: Knowledge) -> Dialogue[None]:
    """Delete, once, the files of a program that was stopped during an exchange."""
    if not known.cleaned_up:
        names = yield from listing()
        known.temporary_files.update(filter(TEMPORARY_NAME.fullmatch, names))
        yield from tidy(known)
        known.cleaned_up = True


def tidy(known: Knowledge) -> Dialogue[None]:
    """Delete the temporary files of exchanges."""
    for name in tuple(known.temporary_files):
        known.contents.pop(name, None)
        yield from delete(name)
        known.temporary_files.discard(name)
