"""The modules whose mutants must die, each with its tests."""

from __future__ import annotations

import configparser
import pathlib

__all__ = ("ROOT", "table")

ROOT = pathlib.Path(__file__).resolve().parents[2]


def table() -> dict[str, list[str]]:
    """Return the modules of tox.ini, or parts of them, each with its tests."""
    config = configparser.ConfigParser()
    config.read(ROOT / "tox.ini", encoding="utf-8")
    rows = config["mutants"]["modules"].strip().splitlines()
    cells = (row.partition(" = ") for row in rows)
    return {name.strip(): tests.split() for name, _, tests in cells}
