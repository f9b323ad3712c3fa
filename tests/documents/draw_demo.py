"""The picture of the demonstration, by rich, from what the command prints."""

from __future__ import annotations

import inspect
import io
import re

import click.testing
import rich.console
import rich.terminal_theme
import rich.text

from requests_bg96.cli.main import main

__all__ = ("COMMAND", "output", "picture")

COMMAND = "requests-bg96 demo"
#: The steps in the picture. The first one is long, because it sets up the module.
SHOWN = slice(1, 3)
#: The form of rich's pictures.
_PARAMETERS = inspect.signature(rich.console.Console.export_svg).parameters
#: The same without fonts from elsewhere: the viewer's own are used.
FORMAT = re.sub(
    r"(@font-face \{\{.*?\}\}\s*)+",
    "",
    _PARAMETERS["code_format"].default,
    flags=re.DOTALL,
)


def output() -> str:
    """Return what the command prints, with the colours of a terminal."""
    runner = click.testing.CliRunner()
    done = runner.invoke(main, ["demo"], color=True, env={"FORCE_COLOR": "1"})
    assert done.exit_code == 0, done.output
    return done.output


def picture() -> str:
    """Draw two steps and the end of the output."""
    steps = output().strip("\n").split("\n\n")
    end = steps[-1].splitlines()[-1]
    text = "\n\n".join([f"$ {COMMAND}", "...", *steps[SHOWN], "...", end])
    console = rich.console.Console(record=True, width=82, file=io.StringIO())
    console.print(rich.text.Text.from_ansi(text), soft_wrap=True)
    return console.export_svg(
        title=COMMAND,
        theme=rich.terminal_theme.SVG_EXPORT_THEME,
        code_format=FORMAT,
        unique_id="demo",
    )
