"""``requests-bg96 check``: compares a server's TLS with the module's."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

import click
import requests
from rich.markup import escape

from .failures import Failure, request_failure
from .handshakes import TlsProfile, examine
from .options import SettingsCommand, as_json, bundle
from .output import console, show_hanging, show_json
from .progress import Bar
from .roots import RootError, read_bundle, split_address
from .session import WAYS, with_session

__all__ = ("check_command",)


@dataclasses.dataclass(frozen=True)
class _Way:
    """Whether a way to the server works.

    :param via: its name, as the adapter has it.
    :param works: whether it does.
    :param text: why not, or what to know.
    """

    via: str
    works: bool
    text: str = ""


@click.command("check", cls=SettingsCommand)
@click.argument("address", metavar="HOST[:PORT]")
@bundle
@click.option(
    "--modem",
    "by_modem",
    is_flag=True,
    help="Also ask the module: by one HEAD request to HOST, checked with that root. "
    "The settings below are for this.",
)
@as_json
@with_session
def check_command(
    session: requests.Session,
    shown: Bar,
    *,
    address: str,
    bundle: str,
    by_modem: bool,
    as_json: bool,
) -> None:
    """Tell whether the module can connect to HOST.

    Use it before you deploy something. About 25 handshakes find the TLS versions,
    cipher suites and keys of the server, the root of its chain, and whether it needs
    the host's name (SNI). They are compared with what the module can: TLS 1.2, 13
    suites, RSA.

    This command uses the network of this machine, not the modem, unless --modem is
    given. The exit status is 1 if no way works.
    """
    try:
        host, port = split_address(address)
        with console(stderr=True).status(f"asking {escape(host)}"):
            server = examine(host, port, read_bundle(bundle))
    except RootError as error:
        raise Failure(str(error)) from error
    ways = [_by_line(server), _by_socket(server)]
    if by_modem:
        ways.append(_by_modem(session, host, port, server))
    shown.end()
    if as_json:
        show_json(_as_data(server, ways))
    else:
        _show(server, ways)
    works = [way for way in ways if way.works and way.via in (*WAYS, "modem")]
    good = all(way.works for way in ways if way.via == "modem")
    sys.exit(0 if works and good else 1)


def _by_line(server: TlsProfile) -> _Way:
    """Return whether the module's own TLS works."""
    if "1.2" not in server.versions:
        offered = ", ".join(server.versions)
        text = f"the server has TLS {offered}, and the module needs 1.2"
        return _Way("line", False, text)
    if "RSA" not in server.keys:
        text = "the server has no certificate with an RSA key for TLS 1.2"
        return _Way("line", False, text)
    if not server.suites:
        return _Way("line", False, "the server accepts none of the module's suites")
    if server.root is None or not server.root.suits_module:
        return _Way("line", False, server.distrust or "its chain cannot be checked")
    notes = ["the firmware must know AT+QSSLCFG checkhost, or --allow-unchecked-host"]
    if server.sni:
        notes.append("the firmware must send the host's name (SNI)")
    return _Way("line", True, "; ".join(notes))


def _by_socket(server: TlsProfile) -> _Way:
    """Return whether the TLS of this machine works, over the module's sockets."""
    missing = "" if "socket" in WAYS else "this version does not have it yet"
    if server.stock:
        return _Way("socket", True, missing)
    return _Way("socket", False, server.distrust or "this machine's TLS refuses it")


def _by_modem(
    session: requests.Session, host: str, port: int, server: TlsProfile
) -> _Way:
    """Ask the module itself."""
    if server.root is None:
        return _Way("modem", False, "not asked: the server has no root to check with")
    place = f"[{host}]" if ":" in host else host
    with _file(server.root.pem) as path:
        session.verify = path
        try:
            url = f"https://{place}:{port}/"
            response = session.head(url, allow_redirects=False)
        except requests.RequestException as error:
            return _Way("modem", False, request_failure(error).message)
    return _Way("modem", True, f"the server answered {response.status_code}")


@contextlib.contextmanager
def _file(text: str) -> Iterator[str]:
    """Yield the path of a file with this text."""
    handle, path = tempfile.mkstemp(suffix=".pem")
    try:
        with open(handle, "w", encoding="ascii") as file:
            file.write(text)
        yield path
    finally:
        os.unlink(path)


def _as_data(server: TlsProfile, ways: list[_Way]) -> dict[str, Any]:
    found = dataclasses.asdict(server)
    found["expires"] = server.expires and server.expires.isoformat()
    if server.root is not None:
        expires = server.root.expires
        found["root"]["expires"] = expires and expires.isoformat()
    return {**found, "ways": [dataclasses.asdict(way) for way in ways]}


def _rows(server: TlsProfile) -> Iterator[tuple[str, str]]:
    yield "TLS versions", ", ".join(server.versions)
    yield "keys", ", ".join(server.keys) or "not shown"
    yield "suites", ", ".join(server.suites) or "none of the module's"
    if server.untested:
        yield "", f"this machine cannot offer {', '.join(server.untested)}"
    yield "SNI", "needed" if server.sni else "not needed"
    if server.issuer:
        yield "certificate", f"issued by {server.issuer}, expires {server.expires}"
    if server.root:
        yield "root", f"{server.root.subject}, expires {server.root.expires or 'never'}"
    else:
        yield "root", f"none: {server.distrust}"


def _show(server: TlsProfile, ways: list[_Way]) -> None:
    where = console()
    for name, text in _rows(server):
        show_hanging(where, f"[bold]{name:12}[/]  ", escape(text))
    where.print()
    for way in ways:
        colour, mark = ("green", "yes") if way.works else ("red", "no")
        name = "the module" if way.via == "modem" else f'via="{way.via}"'
        first = f"[bold]{escape(name):12}[/]  [{colour}]{mark:3}[/]  "
        show_hanging(where, first, escape(way.text))
    if server.root and any(way.works for way in ways):
        where.print('\n"requests-bg96 ca" writes this root to a file for --cacert.')
