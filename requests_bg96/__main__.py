"""The ``requests-bg96`` command, which also runs without its extra installed."""

import sys

EXTRA = frozenset({"click", "platformdirs", "rich", "tomli"})
MISSING = (
    "requests-bg96: the command line needs {name}, which is not installed.\n"
    'Install it with: pip install "requests-bg96[cli]"'
)


def main() -> None:
    """Run the command line, or say how to install it."""
    try:
        from .cli.main import main as command
    except ModuleNotFoundError as error:
        # Any other missing module is our bug, not a missing extra.
        if error.name is None or error.name.partition(".")[0] not in EXTRA:
            raise
        sys.exit(MISSING.format(name=error.name.partition(".")[0]))
    command(prog_name="requests-bg96")


if __name__ == "__main__":
    main()
