"""One run of the suite, in a process with a clean environment."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import subprocess
import sys

from .results import Result, load

TESTS = pathlib.Path(__file__).resolve().parents[1]

#: requests prefers these to the settings of a session or a call. A machine that sets
#: them would change the results.
UNWANTED = (
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NETRC",
)


#: The processes that share the tests of one run; they sleep most of the time.
PARTS = 3


@dataclasses.dataclass
class Part:
    """A part of a suite that runs. Its output goes to a file beside its results."""

    process: subprocess.Popen[bytes]
    results: pathlib.Path
    output: pathlib.Path

    def wait(self) -> dict[str, Result]:
        """Wait for its end; return the results of its tests."""
        status = self.process.wait()
        # 1 means that some tests failed, which the comparison judges. A part may have
        # no tests.
        if status not in (0, 1, 5) or not self.results.exists():
            text = self.output.read_text(encoding="utf-8", errors="replace")
            raise RuntimeError(f"{self.output} ended with {status}:\n{text}")
        return load(self.results)


def start(
    suite: pathlib.Path, work: pathlib.Path, transport: str, tests: list[str]
) -> list[Part]:
    """Start the suite, or some of its tests, with a transport."""
    return [
        _start_part(suite, work / f"{transport}-{part}", transport, tests, part)
        for part in range(PARTS)
    ]


def results_of(parts: list[Part]) -> dict[str, Result]:
    """Wait for all parts; return the results of all tests."""
    return {test: result for part in parts for test, result in part.wait().items()}


def _start_part(
    suite: pathlib.Path, home: pathlib.Path, transport: str, tests: list[str], part: int
) -> Part:
    home.mkdir(exist_ok=True)
    results, output = home / "results.json", home / "output.txt"
    results.unlink(missing_ok=True)
    options = ["-p", "conformance.plugin", "-p", "no:cacheprovider", "--timeout=60"]
    options += [f"--transport={transport}", f"--results={results}"]
    options += [f"--part={part}", f"--parts={PARTS}"]
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest", *options, *(tests or ["tests"])],
            cwd=suite,
            env=_environment(home),
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    return Part(process, results, output)


def _environment(home: pathlib.Path) -> dict[str, str]:
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in UNWANTED and not name.lower().endswith("_proxy")
    }
    # The suite's own package has the name tests, too, so ours is reached from inside.
    # An empty home has no .netrc.
    return environment | {"HOME": str(home), "PYTHONPATH": str(TESTS)}
