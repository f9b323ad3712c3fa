"""The results of each test, and their way between the two processes."""

from __future__ import annotations

import dataclasses
import json
import pathlib
from collections.abc import Mapping


@dataclasses.dataclass
class Result:
    """One test with one transport."""

    outcome: str = "passed"
    #: The connections that urllib3 tried to make with the host's sockets.
    dialled: int = 0
    #: Those of them that were made, with TLS if needed.
    connected: int = 0
    #: The requests that the modem got by an AT command.
    asked: int = 0
    #: Those of them that sent bytes to a server.
    exchanges: int = 0
    message: str = ""


def load(path: pathlib.Path) -> dict[str, Result]:
    """Read the results that `save` wrote."""
    stored = json.loads(path.read_text(encoding="utf-8"))
    return {test: Result(**fields) for test, fields in stored.items()}


def save(path: pathlib.Path, results: Mapping[str, Result]) -> None:
    """Write the results by test id."""
    stored = {test: dataclasses.asdict(result) for test, result in results.items()}
    path.write_text(json.dumps(stored, indent=1), encoding="utf-8")
