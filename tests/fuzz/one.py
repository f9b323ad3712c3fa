"""One target under atheris: ``python -m tests.fuzz.one TARGET [of libFuzzer ...]``."""

from __future__ import annotations

import logging
import sys

import atheris

with atheris.instrument_imports(include=["requests_bg96"]):
    from tests.conformance import guard
    from tests.fuzz.scripted import known_to_pyserial
    from tests.fuzz.seeds import TARGETS


def main() -> None:
    """Search until libFuzzer ends the process."""
    name = sys.argv.pop(1)
    guard.refuse_other_hosts()
    logging.disable(logging.WARNING)
    atheris.Setup(sys.argv, TARGETS[name])
    with known_to_pyserial():
        atheris.Fuzz()


if __name__ == "__main__":
    main()
