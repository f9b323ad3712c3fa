"""The page of performance has the rows that its command measures now."""

from __future__ import annotations

import xml.etree.ElementTree as xml
from typing import Any

import pytest

from benchmarks.performance import page
from benchmarks.performance.__main__ import main, measured
from benchmarks.performance.report import Effort, Limit, Part, Row
from benchmarks.ppp import Flight, frame_check, framed, over_ppp

#: As little as each part can measure.
TINY = Effort(repeats=1, most_bytes=20_000, most_requests=1)
FIGURES = page.load()
SHOWN = page.results(FIGURES)


@pytest.mark.parametrize("name", page.files(FIGURES))
def test_what_is_written(name: str) -> None:
    """``python -m benchmarks.performance --write`` makes the same files."""
    text = (page.DOCS / name).read_text(encoding="utf-8")
    assert text == page.files(FIGURES)[name]
    if name.endswith(".svg"):
        assert xml.fromstring(text).tag.endswith("svg")
        assert "url(http" not in text and "href" not in text


#: The parts that start many processes take longer than all others.
QUICK = [part for part in page.PARTS if part.name not in ("pty", "beside")]


@pytest.mark.parametrize("part", QUICK, ids=lambda part: str(part.name))
def test_what_is_measured(part: Part, capsys: pytest.CaptureFixture[str]) -> None:
    """Each row of a short measurement is on the page, in the same order."""
    rows = measured(part, TINY)
    names = [row.name for row in rows]
    shown = [row.name for row in SHOWN[part.name]]
    assert names and [name for name in shown if name in names] == names
    for row in (*rows, *SHOWN[part.name]):
        assert len(row.values) == len(part.columns)
        assert all(value is None or value >= 0 for value in row.values)
    assert len(capsys.readouterr().out.splitlines()) == 3 + len(rows)


def test_every_limit_has_its_figure() -> None:
    assert [limit for limit, _ in page.judged(SHOWN)] == [*page.LIMITS]


def test_a_limit_is_judged() -> None:
    most = Limit("", "", "", "", 2.0)
    assert most.met(2.0) and not most.met(2.1)
    least = most._replace(most=False)
    assert least.met(2.0) and not least.met(1.9)


def test_one_part_is_measured_again(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others keep their figures, and the page shows both."""
    monkeypatch.setattr(page, "DOCS", tmp_path)
    monkeypatch.setattr(page, "FIGURES", tmp_path / "performance.json")
    page.save({**FIGURES, "parts": {**FIGURES["parts"], "commands": [["x", [0] * 4]]}})
    main(["--only", "commands"])
    assert page.results(page.load()) == SHOWN
    assert "the first request" in (tmp_path / "performance.rst").read_text("utf-8")


def test_without_writing(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """``--quick`` changes nothing."""
    monkeypatch.setattr(page, "DOCS", tmp_path)
    monkeypatch.setattr(page, "FIGURES", tmp_path / "performance.json")
    main(["--quick", "--only", "commands"])
    assert not [*tmp_path.iterdir()]


# The model of PPP


def test_a_frame() -> None:
    """It is that of RFC 1662: the packet, its check, and no flag inside."""
    assert frame_check(b"123456789") == 0x906E
    packet = bytes(range(256))
    frame = framed(packet)
    content = frame[:-1].replace(b"\x7d\x5e", b"\x7e").replace(b"\x7d\x5d", b"\x7d")
    assert frame[-1] == 0x7E and 0x7E not in frame[:-1]
    assert content[1:-2] == packet
    # RFC 1662 C.2: the check over all of it is always the same.
    assert frame_check(content) == 0xF0B8 ^ 0xFFFF


def test_the_time_of_an_exchange() -> None:
    """The bytes pass one after the other, and the network takes 60 ms."""
    flights = [Flight(True, bytes(100)), Flight(False, bytes(3_000))]
    kept = over_ppp(flights, 115_200, new=False)
    # A segment up; three down, and one acknowledgement for two of them.
    headers, frame = 20 + 32, 4
    assert abs(kept.up - (100 + 2 * (headers + frame))) <= 8
    assert abs(kept.down - (3_000 + 3 * (headers + frame))) <= 8
    carried = kept.bytes - headers - frame
    assert kept.seconds == pytest.approx(0.060 + carried * 10 / 115_200, abs=0.001)
    new = over_ppp(flights, 115_200, new=True)
    assert new.seconds - kept.seconds > 0.060
    assert new.up > kept.up and new.down > kept.down


def test_rows_are_kept_as_they_are() -> None:
    row = Row("one", (1.5, None))
    figures = {"parts": {"a": [row]}}
    assert page.results(figures) == {"a": [row]}
