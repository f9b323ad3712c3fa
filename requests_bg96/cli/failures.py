"""The errors of the command line, and its exit statuses."""

from __future__ import annotations

import errno
from typing import IO, Any

import click

from ..errors import (
    BG96Error,
    LimitError,
    ModuleError,
    MuteError,
    NoAnswer,
    PortError,
)

__all__ = ("Commands", "Failure", "failure")

#: The exit statuses. Click itself uses 2 for a wrong command line.
REFUSED = 1
USAGE = 2
NO_PORT = 3
NO_ANSWER = 4
INTERRUPTED = 130

#: For errors of a kind: the exit status, and a hint. The first that fits counts.
KINDS: tuple[tuple[type[BG96Error] | tuple[type[BG96Error], ...], int, str], ...] = (
    (LimitError, USAGE, "--help shows the options and arguments"),
    (
        PortError,
        NO_PORT,
        '"requests-bg96 ports" lists the ports and the programs that use them',
    ),
    (
        (MuteError, NoAnswer),
        NO_ANSWER,
        "check that the module has power, and that this is its AT port; "
        '"requests-bg96 ports" lists the ports',
    ),
    (
        ModuleError,
        REFUSED,
        '"requests-bg96 doctor" checks the SIM, the network and the settings',
    ),
    (BG96Error, REFUSED, '"requests-bg96 doctor" finds the fault'),
)


class Failure(click.ClickException):
    """An error of one line, with a hint on a second one.

    :param text: what happened.
    :param hint: what to do.
    :param status: the exit status.
    """

    def __init__(self, text: str, hint: str = "", status: int = REFUSED) -> None:
        super().__init__(" ".join(text.split()))
        self.hint = hint
        self.exit_code = status  # type: ignore[misc]

    def show(self, file: IO[Any] | None = None) -> None:
        """Print it, to standard error by default."""
        shown = f"{click.style('Error:', fg='red')} {self.message}"
        click.echo(shown, file, err=file is None)
        if self.hint:
            click.echo(f"Hint: {self.hint}", file, err=file is None)


def failure(error: BG96Error | OSError) -> Failure:
    """Return `error` as the command line shows it."""
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        return Failure(f"{place}{error.strerror or error}")
    status, hint = next(
        (status, hint) for kind, status, hint in KINDS if isinstance(error, kind)
    )
    return Failure(str(error), hint, status)


class Commands(click.Group):
    """A group of commands with short errors, and with settings from ``BG96_...``.

    Only an option that shows its variable in the help takes it. The environment cannot
    set options that act, such as ``--repair``.
    """

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """Add a command; its variables are ``BG96_PORT``, without its name."""
        cmd.context_settings.setdefault("auto_envvar_prefix", "BG96")
        for option in cmd.params:
            if isinstance(option, click.Option):
                option.allow_from_autoenv = option.show_envvar
        super().add_command(cmd, name)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command, and turn its errors into a `Failure`."""
        try:
            return super().invoke(ctx)
        except BG96Error as error:
            raise failure(error) from error
        except OSError as error:
            if error.errno == errno.EPIPE:
                # Nobody reads the output any more. click then ends without an error.
                raise
            raise failure(error) from error
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)
