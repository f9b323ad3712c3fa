"""`requests-bg96 trace`: a HAR file in the terminal, and as a page."""

from __future__ import annotations

import base64
import hashlib
import html.parser
import io
import json
import pathlib
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from requests_bg96.cli.main import main
from requests_bg96.cli.trace import option
from requests_bg96.cli.trace.axis import Axis
from requests_bg96.cli.trace.page import page
from requests_bg96.cli.trace.reading import Exchange, read, visible
from requests_bg96.cli.trace.waterfall import duration, show_waterfall
from requests_bg96.emulator import CallableNetwork, Emulator, Hangup
from requests_bg96.trace import Trace
from tests.support import SOMEWHERE, Answers, Servers, response, rig
from tests.traces import HOSTILE, document, entry, many

Write = Callable[[Any], pathlib.Path]


@pytest.fixture(name="write")
def _write(tmp_path: pathlib.Path) -> Write:
    """Writes a document, and returns its path."""

    def write(found: Any) -> pathlib.Path:
        path = tmp_path / "a.har"
        path.write_text(json.dumps(found), encoding="utf-8")
        return path

    return write


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["trace", *map(str, arguments)])


# Reading


def test_a_trace_of_ours(tmp_path: pathlib.Path) -> None:
    """All that was collected is read again."""
    trace, path = Trace(), tmp_path / "a.har"
    with rig(adapter={"trace": trace}) as made:
        made.get()
    trace.save(path)
    (found,), (wanted,) = read(path), trace.entries
    assert (found.method, found.url) == (wanted.method, wanted.url)
    assert (found.status, found.result, found.failed) == (200, "200", False)
    assert dict(found.phases) == pytest.approx(
        {name: spent for name, spent in wanted.seconds.items() if spent}
    )
    assert [line.text for line in found.dialogue] == [one for *_, one in wanted.lines]
    assert found.request_headers == wanted.request_headers
    assert found.response_headers == wanted.response_headers
    assert ("response body", "5 bytes") in found.facts


def test_a_file_of_another_program(write: Write) -> None:
    """It has HAR's own timings; ssl is a part of connect."""
    foreign = entry()
    del foreign["_phases"], foreign["_dialogue"]
    foreign["timings"] = {
        **{"blocked": 1, "dns": 2, "connect": 30, "ssl": 20, "send": 0},
        **{"wait": 4, "receive": 5.5, "comment": ""},
    }
    (found,) = read(write(document(foreign)))
    assert found.phases == (
        *(("blocked", 0.001), ("dns", 0.002), ("connect", 0.01), ("ssl", 0.02)),
        *(("wait", 0.004), ("receive", 0.0055)),
    )
    assert not found.dialogue
    assert "no AT dialogue" in run(write(document(foreign)), "--show", 1).output


def test_the_order_and_the_mark_at_the_start(tmp_path: pathlib.Path) -> None:
    late, early = entry("late", "12:00:03"), entry("early", "12:00:01.5")
    odd = entry("odd", startedDateTime="yesterday")
    zone = entry("zone", startedDateTime="2026-01-02T13:00:02.1234567Z")
    made = document(late, zone, odd, early)
    path = tmp_path / "a.har"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(made).encode())
    found = [(one.url[22:], one.start) for one in read(path)]
    assert sorted(name for name, _ in found[:2]) == ["early", "odd"]
    assert [name for name, _ in found[2:]] == ["late", "zone"]
    assert dict(found)["late"] == 1.5
    assert dict(found)["zone"] == pytest.approx(3600.623456)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "1", "{}", '{"log": 1}', '{"log": {"entries": {}}}', "[" * 99_999],
)
def test_no_har_file(text: str, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "a.har"
    path.write_text(text)
    result = run(path)
    assert result.exit_code == 2
    assert re.fullmatch(r"Error: .* is not a HAR file: .*\nHint: .*\n", result.stderr)
    path.write_bytes(b"\xff\xfe")
    assert run(path).exit_code == 2


#: Whatever JSON can hold; some of it cannot be a time, a status or a name.
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["2026-01-02T12:00:00Z", "0001-01-01T00:00:00+14:00", *HOSTILE]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            "startedDateTime request response timings _phases _dialogue headers "
            "status url method name value wait receive time text phase bodySize "
            "content".split()
        ),
        inner,
        max_size=6,
    ),
    max_leaves=20,
)


@given(st.lists(VALUES, max_size=4))
def test_any_content(entries: list[Any]) -> None:
    """It is shown, in the terminal and as a page, and nothing fails."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "a.har")
        path.write_text(json.dumps(document(*entries)))
        found = read(path)
    assert len(found) == sum(isinstance(one, dict) for one in entries)
    assert all(0 <= one.seconds < 1e9 and one.start >= 0 for one in found)
    shown(found)
    assert len(Page(page(found, "a")).rows) == len(found)


def test_what_cannot_be_seen() -> None:
    assert visible("GET \u00e9\u4f60") == "GET \u00e9\u4f60"
    assert visible("a\x1bb\u202ec\ud800d\ne") == r"a\u001bb\u202ec\ud800d\u000ae"


# Where the bars stand


def exchange(start: float, seconds: float) -> Exchange:
    phases = (("wait", seconds),)
    return Exchange(start, "", "GET", "", 200, "", "", phases, (), (), (), ())


def test_an_axis() -> None:
    """Idle hours are shortened, and times within requests are true."""
    made = Axis([exchange(0, 10), exchange(5, 15), exchange(7200, 30)])
    assert made.shortened and made.length == pytest.approx(75)
    assert made.place(0) == 0 and made.place(5) == pytest.approx(5 / 75)
    assert made.place(7200) == pytest.approx(45 / 75)
    assert made.place(7230) == pytest.approx(1)
    dense = Axis([exchange(0, 10), exchange(10.2, 10)])
    assert not dense.shortened and dense.length == pytest.approx(20.2)
    assert Axis([]).place(0) == 0 and Axis([exchange(0, 0)]).place(0) == 0


@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**7)), max_size=9))
def test_any_axis(times: list[tuple[int, int]]) -> None:
    """The order of times is kept, and no bar is outside or shortened."""
    # A HAR file has milliseconds.
    found = [exchange(one / 1000, long / 1000) for one, long in sorted(times)]
    axis = Axis(found)
    places = [axis.place(one.start) for one in found]
    assert places == pytest.approx(sorted(places))
    assert all(0 <= place <= 1 for place in places)
    for one, place in zip(found, places):
        end = axis.place(one.start + one.seconds)
        length = (end - place) * axis.length
        assert length == pytest.approx(one.seconds, abs=1e-6 * (1 + axis.length))


def test_too_many_for_one_line() -> None:
    """Where no bar would have a width, all begin at the left."""
    few, crowd = [exchange(n, 1) for n in range(9)], [
        exchange(n, 1) for n in range(999)
    ]
    assert Axis(crowd).crowded and not Axis(few).crowded and not Axis([]).crowded
    assert shown(crowd)[:-2] == shown(crowd, from_left=True)[:-2]
    assert shown(crowd) != shown(crowd, from_left=False)
    assert shown(few) == shown(few, from_left=False) != shown(few, from_left=True)
    for found in (few, crowd):
        boxes = {
            attrs["checked"]
            for _, attrs in Page(page(found, "")).tags
            if "checked" in attrs
        }
        assert bool(boxes) is (found is crowd)


# The terminal


def shown(found: list[Exchange], width: int = 80, **options: Any) -> list[str]:
    """The lines on a terminal of this width."""
    encoding = options.pop("encoding", "utf-8")
    written = io.BytesIO()
    file = io.TextIOWrapper(written, encoding=encoding, write_through=True)
    where = Console(
        file=file,
        width=width,
        soft_wrap=True,
        highlight=False,
        color_system=None,
        force_terminal=False,
    )
    show_waterfall(where, found, **options)
    return written.getvalue().decode(encoding).splitlines()


def test_a_waterfall(write: Write) -> None:
    failed = entry("b", "12:00:00.600")
    failed["response"] = {"_error": "no answer", "status": 0}
    result = run(write(document(entry(), failed, entry("c", "12:00:01.200"))))
    assert result.exit_code == 0 and "\x1b" not in result.output
    one, two, three, told, legend = result.output.splitlines()[:5]
    assert one.split()[:5] == ["1", "GET", "http://server.example/a", "200", "600"]
    assert " error " in two and " 200 " in three
    assert told == "3 requests, 1 failed, 1.8 s"
    assert "setting up the module" in legend and "TLS" not in legend
    assert legend.endswith("receiving the response")
    bars = [re.search("[░▒▸─█]+$", line) for line in (one, two, three)]
    starts = [bar.start() for bar in bars if bar]
    assert len(starts) == 3 and starts == sorted({*starts})
    assert bars[0] and [*dict.fromkeys(bars[0][0])] == [*"░▒▸─█"][: len({*bars[0][0]})]


@pytest.mark.parametrize("width", [40, 80, 133, 400])
@pytest.mark.parametrize("from_left", [False, True])
def test_its_width(width: int, from_left: bool, write: Write) -> None:
    """No line of a request is wider than the terminal, and most of it is used."""
    long = entry("x" * 500, "12:00:09")
    found = read(write(document(entry(), long, entry("\u4f60" * 99, "12:00:09.5"))))
    lines = shown(found, width, from_left=from_left)
    sizes = [cell_len(line) for line in lines[:3]]
    # Below this, a narrow terminal breaks the lines.
    wanted = max(width, 53)
    assert max(sizes) <= wanted
    assert from_left or max(sizes) > wanted - 4
    assert "…" in lines[1] and lines[1].count("x") < width


def test_a_terminal_without_unicode(write: Write) -> None:
    found = read(write(document(entry("\u00e9" * 99))))
    lines = shown(found, encoding="ascii")
    assert "~" in lines[0] and "cc" in lines[0] and r"\xe9" in lines[0]


def test_colours_on_a_terminal_only(write: Write) -> None:
    found = read(write(document(entry())))
    file = io.StringIO()
    where = Console(file=file, force_terminal=True, color_system="standard", width=80)
    show_waterfall(where, found)
    assert "\x1b[" in file.getvalue()
    assert not any("\x1b" in line for line in shown(found))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_in_a_terminal(text: str, write: Write) -> None:
    """It does not steer the terminal, and rich does not take it for markup."""
    path = write(document(entry(text)))
    for arguments in ((), ("--show", 1)):
        result = run(path, *arguments)
        assert result.exit_code == 0, result.output
        assert all(one.isprintable() for one in result.output.splitlines())
    assert visible(text) in "".join(result.output.splitlines())


def test_one_request(write: Write) -> None:
    path = write(document(entry("a"), entry("b", "12:00:02")))
    lines = run(path, "--show", 2).output.splitlines()
    assert lines[:2] == ["GET http://server.example/b", "200 b"]
    assert "     100 ms  setting up the module" in lines
    assert "      0.120  connect > AT+QHTTPGET=60,100,60" in lines
    result = run(path, "--show", 3)
    assert result.exit_code == 2 and "the file has 2" in result.stderr


def test_durations() -> None:
    times = [0, 0.25, 0.9996, 3.14, 99.94, 99.96, 125, 3599, 3600, 7500]
    assert [duration(seconds) for seconds in times] == [
        *("0 ms", "250 ms", "1.0 s", "3.1 s", "99.9 s", "1:40 min", "2:05 min"),
        *("59:59 min", "1:00 h", "2:05 h"),
    ]


# The page


class Page(html.parser.HTMLParser):
    """A page as a browser takes it apart.

    :param text: the page.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        #: The content of scripts and of styles.
        self.raw: dict[str, list[str]] = {"script": [], "style": []}
        self._open = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append((tag, dict(attrs)))
        self._open = tag
        if tag in self.raw:
            self.raw[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        self._open = ""

    def handle_data(self, data: str) -> None:
        if self._open in self.raw:
            self.raw[self._open][-1] += data

    @property
    def data(self) -> dict[str, Any]:
        """The requests, from which its script makes the rows."""
        found: dict[str, Any] = json.loads(self.raw["script"][0])
        return found

    @property
    def rows(self) -> list[list[Any]]:
        """Method, URL, result, whether it failed, start and duration of each."""
        strings = self.data["strings"]
        return [
            [*(strings[number] for number in line[:3]), *line[3:]]
            for line in self.data["lines"]
        ]

    def meta(self, name: str) -> str:
        """The content of a meta tag."""
        for _, attrs in self.tags:
            if name in (attrs.get("http-equiv"), attrs.get("name")):
                return attrs["content"] or ""
        raise AssertionError(f"no {name}")


def made_of(path: pathlib.Path) -> Page:
    out = path.with_suffix(".html")
    result = run(path, "--html", out)
    assert result.exit_code == 0 and not result.output
    return Page(out.read_text(encoding="utf-8"))


def test_the_rows_of_a_page(write: Write) -> None:
    """Each request is there, with its details."""
    found = made_of(write(many(250)))
    assert len(found.rows) == len(found.data["details"]) == 250
    url = "http://server.example/number-6"
    assert found.rows[6][:4] == ["GET", url, "200", 0] and found.rows[6][5] == 600
    assert found.rows[0][4] == 0 < found.rows[6][4] < found.data["length"]
    assert found.data["longest"] == 600
    assert found.rows[7][2:4] == ["error", 1]
    assert sum(row[3] for row in found.rows) == 25
    strings, rows = found.data["strings"], found.data["details"]
    facts, phases, sent, received, dialogue, error = rows[7]
    assert strings[error] == "no answer" and rows[6][5] == -1
    assert [strings[number] for number in sent] == ["X-number-7", "number-7"]
    assert received == sent and "status" in [strings[number] for number in facts]
    names = [name for name, _ in found.data["phases"]]
    assert [names[number] for number in phases[::2]] == [
        *("setup", "connect", "send", "wait", "receive")
    ]
    assert phases[1::2] == [100, 200, 50, 150, 100]
    assert dialogue[:3] == [10, names.index("setup"), dialogue[2]]
    assert strings[dialogue[2]] == "> AT+QHTTPURL=26,10" and len(dialogue) == 24 * 3


def test_nothing_is_loaded(write: Write) -> None:
    """The policy allows the page's own script and style, by digest, and no more."""
    found = made_of(write(document(entry())))
    policy = dict(
        part.strip().split(" ", 1)
        for part in found.meta("Content-Security-Policy").split(";")
    )
    assert len(found.raw["script"]) == 2 and len(found.raw["style"]) == 1
    for name in ("script", "style"):
        text = found.raw[name][-1]
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert policy.pop(f"{name}-src") == f"'sha256-{digest}'"
    assert policy == dict.fromkeys(("default-src", "base-uri", "form-action"), "'none'")
    assert found.meta("referrer") == "no-referrer"
    names = {name for _, attrs in found.tags for name in attrs}
    assert not names & {"src", "href", "srcset", "action", "style"}
    assert not any(name.startswith("on") for name in names)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_in_a_page(text: str, write: Write) -> None:
    """It stays text: the page has the same elements as with plain text."""
    plain, hostile = made_of(write(document(entry()))), None
    hostile = made_of(write(document(entry(text))))
    assert [tag for tag, _ in hostile.tags] == [tag for tag, _ in plain.tags]
    assert [{*attrs} for _, attrs in hostile.tags] == [
        {*attrs} for _, attrs in plain.tags
    ]
    assert hostile.rows[0][1] == f"http://server.example/{visible(text)}"
    assert f"< {visible(text)}" in hostile.data["strings"]
    assert hostile.raw["script"][1:] == plain.raw["script"][1:]
    assert "<" not in hostile.raw["script"][0]


@pytest.mark.parametrize("name", ["<b>.har", "{0}.har", "&amp;.har"])
def test_hostile_names_of_files(name: str, tmp_path: pathlib.Path) -> None:
    path = tmp_path / name
    path.write_text(json.dumps(document(entry())))
    found = made_of(path)
    assert "b" not in [tag for tag, _ in found.tags]


def test_an_empty_page(write: Write) -> None:
    assert made_of(write(document())).rows == []
    assert run(write(document())).output.startswith("0 requests, 0 failed")
    assert "\n1 request, 0 failed, " in run(write(document(entry()))).output


def test_a_page_that_cannot_be_written(write: Write, tmp_path: pathlib.Path) -> None:
    result = run(write(document()), "--html", tmp_path / "missing" / "a.html")
    assert result.exit_code == 1 and result.stderr.startswith("Error: ")


# The option of other commands


def test_the_option(tmp_path: pathlib.Path) -> None:
    """A command that fails still saves what it has done."""
    path = tmp_path / "a.har"

    @click.command()
    @option.har
    def fetch(har: str | None) -> None:
        with option.traced(har) as trace, rig(adapter={"trace": trace}) as made:
            made.get()
            made.servers.failures.append(OSError())  # type: ignore[arg-type]
            raise click.ClickException("no")

    assert CliRunner().invoke(fetch, []).exit_code == 1 and not path.exists()
    assert CliRunner().invoke(fetch, ["--har", str(path)]).exit_code == 1
    assert [one.status for one in read(path)] == [200]
    assert CliRunner().invoke(fetch, ["--har", str(tmp_path)]).exit_code == 2


@pytest.mark.parametrize(
    ("via", "command"), [("line", "AT+QHTTPGET"), ("socket", "AT+QISEND")]
)
@pytest.mark.parametrize("answer", [response(b"hello"), [Hangup()]])
def test_the_option_of_a_request(
    answer: Answers, via: str, command: str, tmp_path: pathlib.Path
) -> None:
    """The trace is complete, whether the request fails or not."""
    path = tmp_path / "a.har"
    with Emulator(network=CallableNetwork(Servers(answer))) as emulator:
        words = ["get", "--port", emulator.url, "--har", str(path), SOMEWHERE]
        words += ["--via", via]
        result = CliRunner().invoke(main, words)
    (found,) = read(path)
    assert found.url == SOMEWHERE
    assert found.status == (200 if result.exit_code == 0 else 0)
    assert found.failed is bool(result.exit_code)
    assert any(command in line.text for line in found.dialogue)
    assert ("via", via) in found.facts
    shown = CliRunner().invoke(main, ["trace", str(path), "--show", "1"])
    assert f"via: {via}" in shown.stdout


def test_the_option_of_a_program(tmp_path: pathlib.Path) -> None:
    """Its requests are in the trace, also if it fails at its end."""
    path = tmp_path / "a.har"
    text = "import requests; requests.get('http://localhost:1/'), 1 / 0"
    words = ["run", "--port", "emulator://", "--har", str(path), "--", "-c", text]
    ended = subprocess.run(
        [sys.executable, "-m", "requests_bg96", *words], timeout=60, capture_output=True
    )
    assert ended.returncode == 1
    (found,) = read(path)
    assert found.url == "http://localhost:1/" and found.error
