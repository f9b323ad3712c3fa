"""The file commands (FILE manual 2). They fail with +CME ERROR: 4xx."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..data_mode import DataModeEnd, collect
from ..parameters import FileName, Name, Number
from ..registry import Lines, Registry, Reply
from ..results import CommandFailed
from ..scheduler import Procedure
from ..transfer import send_out
from ..ufs import STORAGES, TOTAL, checksum

if TYPE_CHECKING:
    from ..module import Module

__all__ = ("COMMANDS",)

COMMANDS = Registry(invalid=425)

#: The default <file_size> of QFUPL and <length> of QFWRITE (FILE manual 2.4, 2.8).
DEFAULT_SIZE = 10240

#: The default <timeout>, in seconds (FILE manual 2.4, 2.8).
DEFAULT_TIME = 5

#: The bytes of an upload that one ``A`` acknowledges (FILE manual 3.1.1).
ACK_BLOCK = 1024

#: This is longer than any name, so that a name over 80 bytes gets its error (406).
FILE_NAME = FileName(255)
SIZE = Number(1, TOTAL, default=DEFAULT_SIZE)
TIME = Number(1, 65535, default=DEFAULT_TIME)
HANDLE = Number(0, 2**32 - 1)

COMMANDS.test("+QFLDS")
COMMANDS.test("+QFLST")
COMMANDS.test("+QFDEL", "+QFDEL: <filename>")
COMMANDS.test("+QFUPL", "+QFUPL: <filename>[,(1-<freesize>)[,(1-65535)[,(0,1)]]]")
COMMANDS.test("+QFDWL", "+QFDWL: <filename>")
COMMANDS.test("+QFOPEN", "+QFOPEN: <filename>[,(0-2)]")
COMMANDS.test("+QFREAD", "+QFREAD: <filehandle>[,<length>]")
COMMANDS.test("+QFWRITE", "+QFWRITE: <filehandle>[,<length>[,(1-65535)]]")
COMMANDS.test("+QFSEEK", "+QFSEEK: <filehandle>,<offset>[,(0-2)]")
COMMANDS.test("+QFPOSITION", "+QFPOSITION: <filehandle>")
COMMANDS.test("+QFTUCAT", "+QFTUCAT: <filehandle>")
COMMANDS.test("+QFCLOSE", "+QFCLOSE: <filehandle>")


@COMMANDS.execute("+QFLDS")
def used(module: Module) -> Reply:
    """Print the bytes in files and the number of files (FILE manual 2.1)."""
    return [f"+QFLDS: {module.files.used()},{len(module.files.names())}"]


@COMMANDS.write("+QFLDS", Name(("UFS", "RAM")))
def space(module: Module, medium: str) -> Reply:
    """Print the free space and the total space (FILE manual 2.1)."""
    storage = f"{medium}:"
    return [f"+QFLDS: {module.files.free(storage)},{STORAGES[storage]}"]


@COMMANDS.execute("+QFLST")
def list_all(module: Module) -> Reply:
    """List all files (FILE manual 2.2)."""
    return list_files(module, "*")


@COMMANDS.write("+QFLST", FILE_NAME)
def list_files(module: Module, pattern: str) -> Reply:
    """List one file, or all (FILE manual 2.2)."""
    files = module.files
    return [
        f'+QFLST: "{name}",{len(files.content(name))}' for name in files.names(pattern)
    ]


@COMMANDS.write("+QFDEL", FILE_NAME)
def delete(module: Module, pattern: str) -> None:
    """Delete one file, or all (FILE manual 2.3)."""
    module.files.delete(pattern)


@COMMANDS.write("+QFUPL", FILE_NAME, SIZE, TIME, Number(0, 1, default=0))
def upload(
    module: Module, name: str, size: int, seconds: int, acknowledge: int
) -> Procedure[Lines]:
    """Store the bytes of the host in a new file (FILE manual 2.4).

    The input ends after `size` bytes, or after `seconds` of silence. The bytes that
    came are kept.
    """
    if size > module.files.free(name):
        raise CommandFailed(420)
    content = module.files.create(name)

    def store(data: bytes) -> None:
        before = len(content)
        content.extend(data)
        if acknowledge:
            # There is no A after the last block (the sample of FILE manual 3.1.1).
            reached = (min(len(content), size - 1)) // ACK_BLOCK
            module.terminal.raw(b"A" * (reached - before // ACK_BLOCK))

    outcome = yield from collect(module, size, seconds, store, gap=True)
    if outcome is DataModeEnd.ESCAPED:
        return None
    if outcome is DataModeEnd.TIMEOUT and module.switches.short_upload == "error":
        raise CommandFailed(421)
    return [f"+QFUPL: {len(content)},{checksum(content):x}"]


@COMMANDS.write("+QFDWL", FILE_NAME)
def download(module: Module, name: str) -> Procedure[Lines]:
    """Print a file (FILE manual 2.5)."""
    content = bytes(module.files.content(name))
    module.terminal.connect()
    outcome = yield from send_out(module, content)
    if outcome is DataModeEnd.ESCAPED:
        return None
    result = f"+QFDWL: {len(content)},{checksum(content):x}"
    if module.switches.download_end == "bare":
        module.terminal.raw(result.encode() + module.terminal.line_end)
        return None
    return [result]


@COMMANDS.write("+QFOPEN", FILE_NAME, Number(0, 2, default=0))
def open_file(module: Module, name: str, mode: int) -> Reply:
    """Open a file, and print its handle (FILE manual 2.6)."""
    return [f"+QFOPEN: {module.files.open(name, mode)}"]


@COMMANDS.read("+QFOPEN")
def open_files(module: Module) -> Reply:
    """List the open files (FILE manual 2.6)."""
    return [
        f'+QFOPEN: "{opened.name}",{handle},{opened.mode}'
        for handle, opened in sorted(module.files.open_files.items())
    ]


@COMMANDS.write("+QFREAD", HANDLE, Number(1, TOTAL, default=TOTAL))
def read(module: Module, handle: int, length: int) -> Procedure[Lines]:
    """Print the bytes after the file pointer (FILE manual 2.7)."""
    opened = module.files.handle(handle)
    content = module.files.content(opened.name)
    data = bytes(content[opened.position : opened.position + length])
    if not data:
        raise CommandFailed(402)
    opened.position += len(data)
    module.terminal.connect(len(data))
    yield from send_out(module, data)
    return None


@COMMANDS.write("+QFWRITE", HANDLE, SIZE, TIME)
def write(module: Module, handle: int, size: int, seconds: int) -> Procedure[Lines]:
    """Write the bytes of the host at the file pointer (FILE manual 2.8)."""
    files = module.files
    opened = files.handle(handle)
    if opened.mode == 2:
        raise CommandFailed(414)
    if size > files.free(opened.name):
        raise CommandFailed(420)
    start = opened.position

    def store(data: bytes) -> None:
        files.write(opened, data)

    outcome = yield from collect(module, size, seconds, store, gap=True)
    if outcome is DataModeEnd.ESCAPED:
        return None
    total = len(files.content(opened.name))
    return [f"+QFWRITE: {opened.position - start},{total}"]


@COMMANDS.write("+QFSEEK", HANDLE, Number(0, TOTAL), Number(0, 2, default=0))
def seek(module: Module, handle: int, offset: int, origin: int) -> None:
    """Move the file pointer from the start, from itself, or back from the end.

    A position outside the file is a bare ERROR (the note in FILE manual 2.9).
    """
    opened = module.files.handle(handle)
    size = len(module.files.content(opened.name))
    target = (offset, opened.position + offset, size - offset)[origin]
    if not 0 <= target <= size:
        raise CommandFailed
    opened.position = target


@COMMANDS.write("+QFPOSITION", HANDLE)
def position(module: Module, handle: int) -> Reply:
    """Print the file pointer (FILE manual 2.10)."""
    return [f"+QFPOSITION: {module.files.handle(handle).position}"]


@COMMANDS.write("+QFTUCAT", HANDLE)
def truncate(module: Module, handle: int) -> None:
    """Cut the file after its pointer (FILE manual 2.11)."""
    opened = module.files.handle(handle)
    if opened.mode == 2:
        raise CommandFailed(414)
    del module.files.content(opened.name)[opened.position :]


@COMMANDS.write("+QFCLOSE", HANDLE)
def close(module: Module, handle: int) -> None:
    """Close a file; its handle is then invalid (FILE manual 2.12)."""
    module.files.handle(handle)
    del module.files.open_files[handle]
