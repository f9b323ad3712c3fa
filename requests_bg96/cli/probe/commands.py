"""The commands ``requests-bg96 probe`` and ``probe-server``."""

from __future__ import annotations

import contextlib
import json
import threading
from typing import Any

import click

from ..options import setting
from .report import probe
from .server import serve

__all__ = ("probe_command", "server_command")


def _place(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit():
        raise click.BadParameter(f"{text} is not HOST:PORT")
    return host, int(port)


@click.command("probe")
@click.option(
    "--port",
    metavar="PORT",
    required=True,
    show_envvar=True,
    help="The module's AT port, or usb:SERIAL.",
)
@click.option(
    "--report",
    "path",
    metavar="FILE",
    required=True,
    type=click.Path(dir_okay=False),
    help="The file to write.",
)
@click.option(
    "--url", metavar="URL", help="URL of a probe-server that the module can reach."
)
@click.option(
    "--serve", "place", metavar="HOST:PORT", help="Run that server here, at HOST:PORT."
)
@click.option(
    "--https-url", metavar="URL", help="URL of any server that takes a POST over TLS."
)
@click.option("--reset", is_flag=True, help="Restart the module for three questions.")
@setting("context_id", type=click.IntRange(1, 16))
@click.option(
    "--baudrate",
    type=int,
    default=115200,
    show_default=True,
    help="The speed of the line.",
)
def probe_command(
    port: str,
    path: str,
    url: str | None,
    place: str | None,
    context_id: int,
    **options: Any,
) -> None:
    """Ask a module about its firmware, and write a report.

    Nothing is stored in the module. Most questions need a server with unusual answers:
    run "requests-bg96 probe-server" on a machine that the module can reach, and pass
    its URL. If the module can reach this machine, use --serve instead.

    The emulator can read the report: use its option --report.
    """
    with contextlib.ExitStack() as stack:
        if place:
            url = stack.enter_context(serve(*_place(place)))
        report = probe(port, url, context=context_id, **options)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(report, file, indent=2)
        file.write("\n")
    for name, found in report["switches"].items():
        click.echo(f"{name} = {found['value']}")
    for name, reason in report["not_probed"].items():
        click.echo(f"{name}: not probed, {reason}")


@click.command("probe-server")
@click.option(
    "--listen",
    "place",
    metavar="HOST:PORT",
    default="0.0.0.0:8080",
    show_default=True,
    help="Where it listens.",
)
def server_command(place: str) -> None:
    """Answer the requests of a probe until Control-C."""
    with serve(*_place(place)) as url, contextlib.suppress(KeyboardInterrupt):
        click.echo(f"listening on {url}")
        threading.Event().wait()
