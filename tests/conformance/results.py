"""What is recorded of each test, and its way between the two processes."""

from __future__ import annotations

import dataclasses
import json
import pathlib
from collections.abc import Mapping


@dataclasses.dataclass
class Result:
    """One test under one transport."""

    outcome: str = "passed"
    #: Connections that urllib3 tried to make with the host's sockets.
    dialled: int = 0
    #: Those of them that it got, and secured where they were to be.
    connected: int = 0
    #: Requests that the modem was asked for by an AT command.
    asked: int = 0
    #: Those of them of which bytes went out to a server.
    exchanges: int = 0
    message: str = ""


def load(path: pathlib.Path) -> dict[str, Result]:
    """Read what :func:`save` wrote."""
    stored = json.loads(path.read_text(encoding="utf-8"))
    return {test: Result(**fields) for test, fields in stored.items()}


def save(path: pathlib.Path, results: Mapping[str, Result]) -> None:
    """Write results by test id."""
    stored = {test: dataclasses.asdict(result) for test, result in results.items()}
    path.write_text(json.dumps(stored, indent=1), encoding="utf-8")
