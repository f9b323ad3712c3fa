"""``requests-bg96 files``: the files in the module's own file system."""

from __future__ import annotations

import pathlib
import sys
from typing import BinaryIO

import click

from ..errors import ModuleError
from ..modem import BG96Modem
from .failures import Commands, Failure
from .options import as_json, with_modem
from .output import console, show_json, show_rows
from .progress import bar

__all__ = ("files_group",)

#: The +CME ERROR for a missing file (FILE manual 3).
NOT_FOUND = 405


@click.group("files", cls=Commands)
def files_group() -> None:
    """List, fetch, store and delete files in the module.

    They are the certificates and keys for HTTPS, and files that programs have stored.
    """


@files_group.command("list")
@as_json
@with_modem
def list_command(modem: BG96Modem, as_json: bool) -> None:
    """List the files with their sizes in bytes, and the free space.

    The files of this package are marked. "files clean" deletes them.
    """
    sizes, own, free = modem.files.list(), modem.files.own(), modem.files.free()
    if as_json:
        files = [
            {"name": name, "bytes": size, "own": name in own}
            for name, size in sizes.items()
        ]
        show_json({"files": files, "free_bytes": free})
        return
    if sizes:
        show_rows(
            [
                (name, str(size), "requests-bg96" if name in own else "")
                for name, size in sorted(sizes.items())
            ]
        )
    console().print(f"{sum(sizes.values())} bytes in {len(sizes)} files; {free} free")


@files_group.command("get")
@click.argument("name")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, allow_dash=True),
    help="The file to write, or - for standard output. Default: NAME, here.",
)
@with_modem
def get_command(modem: BG96Modem, name: str, output: str | None) -> None:
    """Fetch the file NAME from the module, and check it."""
    stats, before = modem.stats, modem.stats.line_bytes_down
    with bar() as shown:
        size = modem.files.list().get(name)
        shown.begin(name, lambda: stats.line_bytes_down - before, size)
        try:
            data = modem.files.download(name)
        except ModuleError as error:
            if error.err != NOT_FOUND:
                raise
            raise _missing(name) from error
    if output == "-":
        sys.stdout.buffer.write(data)
        return
    # UFS:x and ../x are names in the module. On this machine they are other places.
    path = pathlib.Path(output or pathlib.PurePath(name.rpartition(":")[2]).name)
    path.write_bytes(data)
    click.echo(f"{path}: {len(data)} bytes", err=True)


@files_group.command("put")
@click.argument("file", type=click.File("rb"))
@click.option("--as", "name", help="The name in the module. Default: the name of FILE.")
@with_modem
def put_command(modem: BG96Modem, file: BinaryIO, name: str | None) -> None:
    """Store FILE in the module, and check it.

    It replaces a file of the same name.

    FILE may be -, which is standard input: then pass --as.
    """
    if name is None and file is sys.stdin.buffer:
        raise click.UsageError("--as NAME is needed for standard input")
    name = name or pathlib.PurePath(file.name).name
    data = file.read()
    with bar() as shown:
        modem.files.upload(name, data, shown.done)
    click.echo(f"{name}: {len(data)} bytes", err=True)


@files_group.command("delete")
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@with_modem
def delete_command(modem: BG96Modem, names: tuple[str, ...]) -> None:
    """Delete files from the module.

    The exit status is 1 if the module does not have one of them.
    """
    missing = [name for name in names if not modem.files.delete(name)]
    if missing:
        raise _missing(", ".join(missing))


@files_group.command("clean")
@as_json
@with_modem
def clean_command(modem: BG96Modem, as_json: bool) -> None:
    """Delete the files of this package from the module.

    Private keys are overwritten first. The next HTTPS request stores its certificates
    again.
    """
    own = modem.files.own()
    deleted = [*modem.files.wipe_keys(), *modem.files.delete_own()]
    if as_json:
        show_json({name: own[name] for name in deleted})
        return
    for name in deleted:
        click.echo(f"deleted {name}, {own[name]} bytes")
    if not deleted:
        click.echo("no file to delete")


def _missing(name: str) -> Failure:
    return Failure(
        f"the module has no file {name}", '"requests-bg96 files list" lists all'
    )
