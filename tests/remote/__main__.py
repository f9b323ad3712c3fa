"""The outages with a real ser2net: ``python -m tests.remote``."""

from __future__ import annotations

import pathlib
import sys

import pytest

from tests.remote.ser2net import program

#: Without the name of a test: the ordinary tests do not need ser2net.
SCENARIOS = pathlib.Path(__file__).with_name("with_ser2net.py")
LACKING = (
    "ser2net is not installed. It is the package ser2net of Debian, Ubuntu and Fedora "
    "(apt install ser2net) or https://github.com/cminyard/ser2net; it must be 4.x"
)


def main() -> int:
    """Run them, or say that ser2net is missing."""
    if program() is None:
        print(LACKING, file=sys.stderr)
        return 1
    return int(pytest.main([str(SCENARIOS), *sys.argv[1:]]))


if __name__ == "__main__":
    sys.exit(main())
