"""The names of files: each has a storage as its prefix, which may be omitted."""

from __future__ import annotations

__all__ = ("LONGEST_NAME", "RAM", "UFS", "plain_name", "storage_of")

#: The storages, as prefixes of a name. UFS may be omitted. Siblings have RAM, and
#: drivers use it.
UFS = "UFS:"
RAM = "RAM:"

#: The most bytes of a name (FILE manual 2.3 to 2.6).
LONGEST_NAME = 80


def plain_name(name: str) -> str:
    """Return a name without ``UFS:``, because that is the default."""
    return name[len(UFS) :] if name[: len(UFS)].upper() == UFS else name


def storage_of(name: str) -> str:
    """Return the storage of a plain name."""
    return RAM if name.startswith(RAM) else UFS
