"""``requests-bg96 completion``: prints what completes command lines in a shell."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

__all__ = ("completion_command",)

#: The shells that click knows.
SHELLS = ("bash", "fish", "zsh")


@click.command("completion")
@click.argument("shell", type=click.Choice(SHELLS))
def completion_command(shell: str) -> None:
    """Print a script that completes command lines.

    In bash or zsh, add this to ~/.bashrc or ~/.zshrc, with your shell's name:
    eval "$(requests-bg96 completion bash)"

    In fish, write it to ~/.config/fish/completions/requests-bg96.fish.
    """
    kind = get_completion_class(shell)
    root = click.get_current_context().find_root()
    assert kind is not None
    made = kind(root.command, {}, "requests-bg96", "_REQUESTS_BG96_COMPLETE")
    click.echo(made.source())
