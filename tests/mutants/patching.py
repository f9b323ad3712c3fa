"""Put a mutant into a module that is imported already, if only a function differs."""

from __future__ import annotations

import functools
import sys
from types import CodeType, FunctionType, ModuleType
from typing import Any

__all__ = ("Patch", "patch_for")

#: What a decorator makes of a function, and where the function is in it.
_INSIDE = {
    property: "fget",
    functools.cached_property: "func",
    classmethod: "__func__",
    staticmethod: "__func__",
}


class Patch:
    """Other code for one function. All that have the function then run that code.

    :param module: the dotted name of the module.
    :param path: the names of the function, and of the classes around it.
    :param code: the code.
    """

    def __init__(self, module: str, path: list[str], code: CodeType) -> None:
        self._module = module
        self._path = path
        self._code = code

    @property
    def original(self) -> CodeType | None:
        """The code of the function; None if there is no such function."""
        function = self._function()
        return function and function.__code__

    def apply(self) -> None:
        """Put the code into the function."""
        if function := self._function():
            function.__code__ = self._code

    def _function(self) -> FunctionType | None:
        found: Any = sys.modules[self._module]
        for name in self._path:
            found = vars(found).get(name) if _has_names(found) else None
        for kind, where in _INSIDE.items():
            found = getattr(found, where) if isinstance(found, kind) else found
        found = getattr(found, "__wrapped__", found)
        if not isinstance(found, FunctionType):
            return None
        same = found.__code__.co_freevars == self._code.co_freevars
        return found if same else None


@functools.lru_cache(maxsize=1)
def _compiled(text: str) -> CodeType:
    return compile(text, "mutant", "exec")


def _has_names(found: Any) -> bool:
    return isinstance(found, (ModuleType, type))


def patch_for(module: str, text: str, changed: str) -> Patch | None:
    """Return the patch that makes a mutant of a module, or None if there is none.

    :param module: its dotted name.
    :param text: its text.
    :param changed: the text of the mutant.
    """
    code, other = _compiled(text), compile(changed, "mutant", "exec")
    path: list[str] = []
    while _head(code) == _head(other):
        pairs = list(zip(_parts(code), _parts(other), strict=True))
        differing = [pair for pair in pairs if not _same(*pair)]
        if len(differing) != 1:
            return None
        code, other = differing[0]
        if sum(code.co_name == one.co_name for one, _ in pairs) != 1:
            return None
        path.append(code.co_name)
        if code.co_flags & _OPTIMIZED:
            return Patch(module, path, other)
    return None


#: Of the code of a function, not of a class or a module (`inspect.CO_OPTIMIZED`).
_OPTIMIZED = 1


def _parts(code: CodeType) -> list[CodeType]:
    return [one for one in code.co_consts if isinstance(one, CodeType)]


def _head(code: CodeType) -> tuple[Any, ...]:
    """Return what a code does, without its parts and without numbers of lines."""
    consts = [
        None if isinstance(one, CodeType) else (type(one), repr(one))
        for one in code.co_consts
    ]
    names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    return code.co_code, consts, code.co_name, names


def _same(one: CodeType, other: CodeType) -> bool:
    if _head(one) != _head(other):
        return False
    return all(map(_same, _parts(one), _parts(other)))
