"""The command line. It needs the extra ``cli``."""

from __future__ import annotations

import importlib

import click

from .configuration import defaults, path_of, read
from .failures import STATUSES, Commands

__all__ = ("main",)


#: The commands by what they are for: the module of each, and its name there.
SECTIONS = {
    "Requests": {
        "get": "request:get_command",
        "head": "request:head_command",
        "post": "request:post_command",
        "put": "request:put_command",
        "patch": "request:patch_command",
        "delete": "request:delete_command",
        "download": "download:download_command",
        "run": "run:run_command",
        "trace": "trace.command:trace_command",
    },
    "The module": {
        "ports": "ports:ports_command",
        "doctor": "doctor:doctor_command",
        "info": "info:info_command",
        "at": "at:at_command",
        "files": "files:files_group",
        "udev": "udev:udev_command",
    },
    "HTTPS": {
        "check": "check:check_command",
        "ca": "ca:root_command",
    },
    "This program": {
        "config": "config:config_command",
        "completion": "completion:completion_command",
        "demo": "demo_command:demo_command",
        "emulator": "emulator:emulator_command",
        "probe": "probe.commands:probe_command",
        "probe-server": "probe.commands:server_command",
    },
}
#: Where each command is.
PLACES = {
    name: place for section in SECTIONS.values() for name, place in section.items()
}


class Main(Commands):
    """All commands, in sections.

    The module of a command is imported when the command is wanted. All of them together
    take seconds on a small computer.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted(PLACES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; return None if there is none with this name."""
        if cmd_name in PLACES and cmd_name not in self.commands:
            module, name = PLACES[cmd_name].split(":")
            found = importlib.import_module(f"{__package__}.{module}")
            self.add_command(getattr(found, name))
        return super().get_command(ctx, cmd_name)

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """Write the commands with the first line of their help."""
        width = max(map(len, PLACES))
        for title, section in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl(
                    [(name.ljust(width), self._summary(ctx, name)) for name in section]
                )

    def _summary(self, ctx: click.Context, name: str) -> str:
        command = self.get_command(ctx, name)
        return command.get_short_help_str(60) if command else ""


#: The last lines of --help.
EPILOG = f"""
For a first request, use ports, doctor and get, in this order.

The port and the settings can also come from the environment (BG96_PORT, BG96_APN,
BG96_PIN and so on), or from the file that "requests-bg96 config" shows.

Exit statuses: {"; ".join(f"{code} {meaning}" for code, meaning in STATUSES.items())}.
"""


@click.group(
    cls=Main,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EPILOG,
)
@click.version_option(package_name="requests-bg96")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Send requests over a Quectel BG96."""
    path = path_of()
    ctx.default_map = defaults(ctx, read(path), path)
