"""The judgement: stock and modem must agree, but for the listed exceptions."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping

from .exceptions import Exceptions
from .results import Result

Results = Mapping[str, Result]


@dataclasses.dataclass
class Verdict:
    """The figures of the comparison, and every difference in words."""

    run: int = 0
    passed: int = 0
    through_modem: int = 0
    excluded: int = 0
    kept_alive: int = 0
    differences: list[str] = dataclasses.field(default_factory=list)

    def text(self, via: str = "line") -> str:
        """A summary whose last line reads like that of any test runner.

        :param via: the way of the adapter over the modem.
        """
        figures = (
            f"requests' own suite: {self.run} tests pass with the stock adapter; "
            f"over the modem by {via} {self.passed} pass, {self.through_modem} of them "
            f"with requests through it, {self.kept_alive} of these with the "
            f"connection kept alive; {self.excluded} are excluded"
        )
        verdict = f"{self.passed} passed, {len(self.differences)} failed"
        return "\n".join([*self.differences, figures, verdict])


def compare(
    stock: Results, modem: Results, keep_alive: Results, listed: Exceptions
) -> Verdict:
    """Compare the run over the modem, and that with keep-alive, to the stock run."""
    verdict = Verdict()
    needed: set[str] = set()
    for test, expected in stock.items():
        if expected.outcome != "passed":
            continue
        verdict.run += 1
        row = listed.excuse(test)
        if row is None:
            _judge(verdict, test, expected, modem.get(test))
            continue
        if any(_faults(expected, modem.get(test))):
            needed.add(row)
        if row in listed.keep_alive:
            before = verdict.passed
            _judge(verdict, test, expected, keep_alive.get(test))
            verdict.kept_alive += verdict.passed - before
        else:
            verdict.excluded += 1
    for row in sorted(listed.rows() - needed):
        verdict.differences.append(f"{row}: is listed, but needs no excuse")
    return verdict


def _judge(
    verdict: Verdict, test: str, expected: Result, actual: Result | None
) -> None:
    faults = list(_faults(expected, actual))
    verdict.differences += [f"{test}: {fault}" for fault in faults]
    if actual is not None and not faults:
        verdict.passed += 1
        verdict.through_modem += actual.asked > 0


def _faults(expected: Result, actual: Result | None) -> Iterator[str]:
    if actual is None:
        yield "did not run over the modem"
    elif actual.outcome != "passed":
        yield f"{actual.outcome} over the modem: {actual.message}"
    else:
        if expected.dialled and not actual.asked:
            yield "passed, but asked the modem for nothing"
        if expected.connected and not actual.exchanges:
            yield "passed, but made no exchange over the modem"
        if actual.dialled:
            yield "passed, but made a connection past the modem"
