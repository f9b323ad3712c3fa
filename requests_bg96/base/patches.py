"""Attributes of classes, replaced for a while, beside other people's patches."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

__all__ = ("Patch",)


class Patch:
    """An attribute of a class, which is wrapped as long as the patch is applied.

    Other patches may come before and after, and be undone in any order. Where another
    one covers ours, ours stays below it, and must let everything pass by itself; it is
    removed by the next `undo` that finds it on top.

    :param owner: the class.
    :param name: of the attribute.
    :param wrap: returns what to put in place of the attribute, which is None where the
        class has none of its own.
    """

    def __init__(self, owner: type, name: str, wrap: Callable[[Any], Any]) -> None:
        self._owner = owner
        self._name = name
        self._wrap = wrap
        #: What each of ours was put in place of.
        self._replaced: weakref.WeakKeyDictionary[Any, Any]
        self._replaced = weakref.WeakKeyDictionary()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._owner.__name__}.{self._name}>"

    @property
    def _top(self) -> Any:
        return vars(self._owner).get(self._name)

    @property
    def applied(self) -> bool:
        """Whether the attribute is ours."""
        return self._top is not None and self._top in self._replaced

    def apply(self) -> None:
        """Wrap the attribute, unless it is wrapped already."""
        if not self.applied:
            top = self._top
            ours = self._wrap(top)
            self._replaced[ours] = top
            setattr(self._owner, self._name, ours)

    def undo(self) -> None:
        """Put back what was there before, as far as it is not covered."""
        while self.applied:
            replaced = self._replaced.pop(self._top)
            if replaced is None:
                delattr(self._owner, self._name)
            else:
                setattr(self._owner, self._name, replaced)
