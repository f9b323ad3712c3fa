"""``requests-bg96 download``: a file, in as many attempts as it takes."""

from __future__ import annotations

import contextlib
import pathlib
import re
from typing import Any
from urllib.parse import unquote, urlsplit

import click
import requests

from ..base.digests import Digest
from ..download import DownloadError, download
from .failures import is_final
from .options import SettingsCommand, as_json
from .output import show_json
from .progress import Bar
from .request_parts import credentials, headers_of, with_scheme
from .session import with_session

__all__ = ("download_command",)

#: Characters that a file's name from a URL must not have on some system.
_UNFIT = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]')


@click.command("download", cls=SettingsCommand)
@click.argument("url")
@click.argument("path", required=False, type=click.Path(path_type=pathlib.Path))
@click.option(
    "-H",
    "--header",
    "headers",
    metavar="NAME:VALUE",
    multiple=True,
    help="A header of the requests.",
)
@click.option(
    "-u",
    "--user",
    metavar="USER[:PASSWORD]",
    help="For the server. Without PASSWORD, it is asked for, and not shown.",
)
@click.option(
    "--digest",
    metavar="sha256:HEX",
    help="The digest of the file, as sha256sum and sha512sum print it. If it differs, "
    "the file is deleted.",
)
@click.option(
    "--tries",
    type=click.IntRange(min=1),
    default=5,
    show_default=True,
    help="How often to go on after a failure, while bytes still come.",
)
@as_json
@with_session
def download_command(
    session: requests.Session,
    shown: Bar,
    *,
    url: str,
    path: pathlib.Path | None,
    headers: tuple[str, ...],
    user: str | None,
    digest: str | None,
    tries: int,
    as_json: bool,
) -> None:
    """Download a file, and resume after a failure.

    Without PATH, the file gets the last part of the URL as its name, here. Its bytes go
    to PATH.part and are moved when all are there. After any failure, the same command
    fetches the rest, if the file on the server is still the same.

    A digest that the server tells is compared. If the line to the module may lose
    bytes, pass --digest, or use --via file.
    """
    url = with_scheme(url)
    try:
        wanted = digest and str(Digest.parse(digest))
    except ValueError as error:
        raise click.UsageError(f"--digest: {error}") from error
    target = _target(url, path)
    arguments = {"headers": headers_of(headers), "auth": credentials(user)}
    shown.begin("waiting", lambda: 0, None)
    _download(session, url, target, wanted, tries, shown, arguments)
    shown.end()
    size = target.stat().st_size
    if as_json:
        show_json({"path": str(target), "bytes": size})
    else:
        click.echo(f"{target}: {size} bytes", err=True)


def _download(
    session: requests.Session,
    url: str,
    target: pathlib.Path,
    digest: str | None,
    tries: int,
    shown: Bar,
    arguments: dict[str, Any],
) -> None:
    """Download a file, and go on after a failure."""
    counts: list[int] = []

    def progress(name: str, received: int, size: int | None) -> None:
        counts.append(received)
        del counts[1:-1]
        shown.done(name, received, size)

    for left in reversed(range(tries)):
        counts.clear()
        try:
            download(session, url, target, digest, progress, **arguments)
            return
        except (requests.HTTPError, DownloadError):
            raise
        except requests.RequestException as error:
            came = counts and counts[-1] > counts[0]
            if is_final(error) or not (left and came):
                raise


def _target(url: str, path: pathlib.Path | None) -> pathlib.Path:
    """Return where the file goes.

    :raises click.UsageError: if no PATH is given, and the URL has no fitting name.
    """
    name = ""
    if path is not None and not path.is_dir():
        return path
    with contextlib.suppress(ValueError):
        name = unquote(urlsplit(url).path).rpartition("/")[2]
    if name in ("", ".", "..") or _UNFIT.search(name):
        raise click.UsageError("the URL does not end with the name of a file: add PATH")
    return (path or pathlib.Path()) / name
