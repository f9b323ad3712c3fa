"""``requests-bg96 run``: a Python program whose requests go over the modem."""

from __future__ import annotations

import atexit
import os
import pathlib
import re
import runpy
import shutil
import sys
import types
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import click

from ..installation import install
from .failures import INTERRUPTED
from .options import SettingsCommand
from .session import adapter_options, made_adapter, shown_dialogue
from .trace.option import har, traced

__all__ = ("run_command",)

_PYTHON = re.compile(r"(?:python|pypy)[0-9.]*(?:\.exe)?", re.IGNORECASE)
_SHEBANG = re.compile(rb"#!.*(?:python|pypy)[0-9.]*\s")

#: Sets the arguments of the program, and runs it.
Start = Callable[[], Any]


@click.command(
    "run",
    cls=SettingsCommand,
    context_settings={"allow_interspersed_args": False},
    options_metavar="[OPTIONS] --",
)
@click.argument(
    "words",
    metavar="[python] PROGRAM [ARGUMENTS]...",
    nargs=-1,
    required=True,
    type=click.UNPROCESSED,
)
@har
@adapter_options
def run_command(
    words: tuple[str, ...], verbose: bool, har: str | None, **given: Any
) -> None:
    """Run a program whose requests use the modem.

    PROGRAM is a script, -m MODULE, -c CODE, or a command that a package has installed,
    such as "requests-bg96 run -- python app.py --its-option". It runs in this Python,
    and does not need to be changed. Its exit status is that of this command.

    Everything that uses requests in this process goes over the modem, or fails. These
    do not: programs that it starts, processes of multiprocessing, and libraries that do
    not use requests, such as httpx, or urllib3 by itself. They use this machine's
    network.
    """
    start = _program(list(words))
    keep = ExitStack()
    adapter = made_adapter(given, trace=keep.enter_context(traced(har)))
    keep.enter_context(shown_dialogue(verbose=verbose))
    # It is never uninstalled: threads of the program may outlive its last line.
    install(adapter)
    keep.callback(adapter.close)
    atexit.register(keep.close)
    try:
        start()
    except Exception as error:
        sys.exit(_report(error, 1))
    except KeyboardInterrupt as error:
        sys.exit(_report(error, INTERRUPTED))


def _report(error: BaseException, status: int) -> int:
    """Show the traceback of the program, without ours; return the exit status."""
    traceback = error.__traceback__
    while traceback is not None and _is_ours(traceback.tb_frame.f_code.co_filename):
        traceback = traceback.tb_next
    sys.excepthook(type(error), error.with_traceback(traceback), traceback)
    return status


def _is_ours(filename: str) -> bool:
    return filename == __file__ or "runpy" in pathlib.PurePath(filename).name


def _program(words: list[str]) -> Start:
    """Return what runs the program of a command line.

    :raises click.UsageError: if this Python cannot run it.
    """
    if _PYTHON.fullmatch(os.path.basename(words[0])):
        return _arguments_of_python(words)
    if words[0] in ("-m", "-c"):
        return _arguments_of_python(["python", *words])
    path = words[0] if os.path.exists(words[0]) else shutil.which(words[0])
    if path is None:
        raise click.UsageError(f"there is no program {words[0]}")
    if not (path.endswith((".py", ".pyz")) or os.path.isdir(path) or _is_python(path)):
        raise click.UsageError(f"{path} is not a program in Python")
    return _script(path, words[1:])


def _arguments_of_python(words: list[str]) -> Start:
    python, *rest = words
    if os.path.dirname(python) and not os.path.samefile(python, sys.executable):
        raise click.UsageError(
            f"{python} is another Python than this one, {sys.executable}; install "
            "requests-bg96 there, and use its own requests-bg96"
        )
    if len(rest) > 1 and rest[0] == "-m":
        return _module(rest[1], rest[2:])
    if len(rest) > 1 and rest[0] == "-c":
        return _code(rest[1], rest[2:])
    if not rest or rest[0].startswith("-"):
        raise click.UsageError(
            "name a script, -m MODULE or -c CODE after python. Pass options of Python "
            "to it itself: python -X dev -m requests_bg96 run -- app.py"
        )
    if not os.path.exists(rest[0]):
        raise click.UsageError(f"there is no file {rest[0]}")
    return _script(rest[0], rest[1:])


def _script(path: str, arguments: list[str]) -> Start:
    def start() -> None:
        _prepare(path, arguments, os.path.dirname(os.path.realpath(path)))
        runpy.run_path(path, run_name="__main__")

    return start


def _module(name: str, arguments: list[str]) -> Start:
    def start() -> None:
        _prepare(name, arguments, os.getcwd())
        runpy.run_module(name, run_name="__main__", alter_sys=True)

    return start


def _code(text: str, arguments: list[str]) -> Start:
    def start() -> None:
        _prepare("-c", arguments, "")
        module = types.ModuleType("__main__")
        sys.modules["__main__"] = module
        exec(compile(text, "<string>", "exec"), vars(module))

    return start


def _prepare(name: str, arguments: list[str], folder: str) -> None:
    """Set what Python sets for a program: its arguments, and where it imports from."""
    sys.argv[:] = [name, *arguments]
    if not getattr(sys.flags, "safe_path", False):
        sys.path[0] = folder


def _is_python(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return bool(_SHEBANG.match(file.readline(1000)))
    except OSError:
        return False
