"""``requests-bg96 doctor``: tells whether a request would work."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
import time
from typing import Any

import click
from rich.console import Console
from rich.markup import escape

from ..errors import BG96Error
from ..modem import BG96Modem
from ..settings import Settings
from .checks import Finding, Level, examine, repair
from .options import SettingsCommand, as_json, port, settings
from .output import console, show_hanging, show_json
from .radio import MOST_BARS

__all__ = ("doctor_command",)

#: The first word of a finding, and its colour.
MARKS = {
    Level.OK: ("ok", "green"),
    Level.LATER: ("later", "cyan"),
    Level.WARNING: ("warning", "yellow"),
    Level.FAULT: ("fault", "red"),
}
#: Bars, from none to all.
BARS, ASCII_BARS = "▁▂▄▆█", "#####"


@click.command("doctor", cls=SettingsCommand)
@port
@click.option("--repair", is_flag=True, help="Prepare the module for a request.")
@click.option(
    "--watch",
    is_flag=False,
    flag_value=2.0,
    type=click.FloatRange(min=0, min_open=True),
    metavar="[SECONDS]",
    help="Look again every 2 seconds, or every SECONDS, until control-C.",
)
@as_json
@settings
def doctor_command(
    port: str | None,
    repair: bool,
    watch: float | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Tell whether a request would work, and what to do if not.

    Each finding is ok, later (the first request does it), a warning or a fault. Without
    --repair, nothing is changed. Pass the settings of your adapter. The exit status is
    1 if there is a fault, otherwise 0. The cell tells where the module is: leave it out
    of what you publish.
    """
    with contextlib.closing(BG96Modem(port, **given)) as modem:
        watched = watch is not None
        findings = _round(modem, prepare=repair, as_json=as_json, watch=watched)
        with contextlib.suppress(KeyboardInterrupt):
            while watch is not None:
                time.sleep(watch)
                findings = _round(
                    modem, prepare=False, as_json=as_json, watch=True, again=True
                )
    sys.exit(1 if _faults(findings) else 0)


def _faults(findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.level is Level.FAULT]


def _round(
    modem: BG96Modem,
    *,
    prepare: bool,
    as_json: bool,
    watch: bool,
    again: bool = False,
) -> list[Finding]:
    """Examine the module once, and show the findings."""
    findings: list[Finding] = []
    if prepare:
        try:
            repair(modem)
        except BG96Error as error:
            advice = "repair it by hand"
            findings.append(Finding("repair", Level.FAULT, str(error), advice))
    findings += examine(modem)
    if as_json:
        show_json([_as_data(finding) for finding in findings])
    else:
        _show(findings, modem, again=again, watch=watch)
    return findings


def _as_data(finding: Finding) -> dict[str, Any]:
    return {**dataclasses.asdict(finding), "level": finding.level.value}


def _show(
    findings: list[Finding], modem: BG96Modem, *, again: bool, watch: bool
) -> None:
    where = console()
    if again and where.is_terminal:
        where.clear()
    elif again:
        where.print()
    width = max(len(finding.check) for finding in findings)
    for finding in findings:
        mark, colour = MARKS[finding.level]
        first = f"[{colour}]{mark:7}[/] {finding.check:{width}}  "
        show_hanging(where, first, _bars(finding, where) + escape(finding.found))
        if finding.advice:
            advice = f"[dim]{escape(finding.advice)}[/]"
            show_hanging(where, " " * (width + 10), advice)
    where.print()
    show_hanging(where, "", _summary(findings))
    if not (again or watch or _faults(findings)):
        port = f" --port {modem.port}" if modem.port else ""
        same = ", with the same settings" if modem.settings != Settings() else ""
        command = f"requests-bg96 get{port} http://example.org/"
        where.print(f"Make one{same}: {command}", markup=False)


def _bars(finding: Finding, where: Console) -> str:
    """Return the bars of a signal, "" for any other finding."""
    bars = finding.fields.get("bars")
    if bars is None:
        return ""
    if where.options.ascii_only:
        return f"\\[{ASCII_BARS[:bars]:.<{MOST_BARS}}] "
    return f"{BARS[:bars]}[dim]{'.' * (MOST_BARS - bars)}[/] "


def _searches(findings: list[Finding]) -> bool:
    """Return whether the module searches for a network."""
    warnings = [one.check for one in findings if one.level is Level.WARNING]
    return "registration" in warnings


def _summary(findings: list[Finding]) -> str:
    """Return the conclusion from all findings."""
    faults = _faults(findings)
    if {one.check for one in faults} == {"signal"} and _searches(findings):
        return (
            "[bold yellow]No request would work yet.[/] The module searches for a "
            "network: wait a minute, or use --watch."
        )
    if faults:
        names = ", ".join(dict.fromkeys(finding.check for finding in faults))
        return f"[bold red]No request would work.[/] Check: {names}."
    later = [one.check for one in findings if one.level is Level.LATER]
    does = f" The first one sets up: {', '.join(later)}." if later else ""
    return f"[bold green]A request would work.[/]{does}"
