"""Replace attributes of classes for a time, together with other people's patches."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

__all__ = ("Patch",)


class Patch:
    """An attribute of a class that is wrapped while the patch is applied.

    Other patches may come before and after, and may be undone in any order. If another
    patch covers ours, ours stays below it, and must then do nothing. The next `undo`
    that finds it on top removes it.

    :param owner: the class.
    :param name: of the attribute.
    :param wrap: gets the attribute, or None if the class has none of its own; returns
        its replacement.
    """

    def __init__(self, owner: type, name: str, wrap: Callable[[Any], Any]) -> None:
        self._owner = owner
        self._name = name
        self._wrap = wrap
        #: For each of our replacements: the attribute that it replaced.
        self._replaced: weakref.WeakKeyDictionary[Any, Any]
        self._replaced = weakref.WeakKeyDictionary()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._owner.__name__}.{self._name}>"

    @property
    def _top(self) -> Any:
        return vars(self._owner).get(self._name)

    @property
    def applied(self) -> bool:
        """Whether the attribute is ours now."""
        return self._top is not None and self._top in self._replaced

    def apply(self) -> None:
        """Wrap the attribute, unless it is wrapped already."""
        if not self.applied:
            top = self._top
            ours = self._wrap(top)
            self._replaced[ours] = top
            setattr(self._owner, self._name, ours)

    def undo(self) -> None:
        """Restore the earlier attribute, unless another patch covers ours."""
        while self.applied:
            replaced = self._replaced.pop(self._top)
            if replaced is None:
                delattr(self._owner, self._name)
            else:
                setattr(self._owner, self._name, replaced)
