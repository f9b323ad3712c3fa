"""The command line. It needs the extra ``cli``."""

from __future__ import annotations

import click

from .at import at_command
from .ca import root_command
from .check import check_command
from .completion import completion_command
from .config import config_command
from .configuration import defaults, path_of, read
from .demo_command import demo_command
from .doctor import doctor_command
from .download import download_command
from .emulator import emulator_command
from .failures import STATUSES, Commands
from .files import files_group
from .info import info_command
from .ports import ports_command
from .probe.commands import probe_command, server_command
from .request import request_commands
from .run import run_command
from .trace.command import trace_command
from .udev import udev_command

__all__ = ("main",)


#: The commands by what they are for.
SECTIONS = {
    "Requests": "get head post put patch delete download run trace",
    "The module": "ports doctor info at files udev",
    "HTTPS": "check ca",
    "This program": "config completion demo emulator probe probe-server",
}


class Main(Commands):
    """All commands, in sections."""

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """Write the commands with the first line of their help."""
        width = max(map(len, self.commands))
        for title, names in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl(
                    [
                        (name.ljust(width), self.commands[name].get_short_help_str(60))
                        for name in names.split()
                    ]
                )


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
    ctx.default_map = defaults(main, read(path), path)


for _command in (
    at_command,
    check_command,
    completion_command,
    config_command,
    demo_command,
    doctor_command,
    download_command,
    emulator_command,
    files_group,
    info_command,
    ports_command,
    probe_command,
    root_command,
    run_command,
    *request_commands(),
    server_command,
    trace_command,
    udev_command,
):
    main.add_command(_command)
