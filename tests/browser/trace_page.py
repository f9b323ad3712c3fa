"""The page of `requests-bg96 trace --html`, as a user of it sees it."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from requests_bg96.cli.trace.page import page as page_of
from requests_bg96.cli.trace.reading import read, visible
from requests_bg96.trace import Trace
from tests.support import SOMEWHERE, response, rig
from tests.traces import HOSTILE, document, entry, many

#: The most milliseconds until a page with 10,000 requests can be used.
LIMIT = 2_000
SIZE = {"width": 1280, "height": 800}

Show = Callable[..., Any]


@pytest.fixture(name="show")
def _show(browser: Any, tmp_path: pathlib.Path) -> Iterator[Show]:
    """Opens the page of a document; every error and every request fails the test."""
    wrong: list[str] = []
    contexts = []

    def note(url: str) -> None:
        if url != (tmp_path / "a.html").as_uri():
            wrong.append(url)

    def show(found: dict[str, Any], **options: Any) -> Any:
        source, target = tmp_path / "a.har", tmp_path / "a.html"
        source.write_text(json.dumps(found), encoding="utf-8")
        target.write_text(page_of(read(source), "a.har"), encoding="utf-8")
        contexts.append(browser.new_context(viewport=SIZE, **options))
        opened = contexts[-1].new_page()
        opened.on("console", lambda one: wrong.append(one.text))
        opened.on("pageerror", lambda one: wrong.append(str(one)))
        opened.on("dialog", lambda one: wrong.append(one.message))
        opened.on("request", lambda one: note(one.url))
        opened.goto(target.as_uri())
        return opened

    yield show
    for context in contexts:
        context.close()
    assert wrong == []


def current(page: Any) -> str:
    """The URL of the row that is chosen."""
    text: str = page.text_content("#list > li[aria-selected=true] .u")
    return text.rpartition("/")[2]


def details(page: Any) -> str:
    """What is shown of a request."""
    text: str = page.inner_text("#details")
    return text


def test_the_keyboard_alone(show: Show) -> None:
    """It chooses, reads, returns, searches; the focus can be seen."""
    page = show(many(60))
    focused = "document.activeElement.id"
    assert page.evaluate(focused) == "list"
    assert current(page) == "number-0" and "number-0" in details(page)
    for key, wanted in (
        *(("ArrowDown", 1), ("ArrowDown", 2), ("ArrowUp", 1), ("End", 59)),
        *(("ArrowDown", 59), ("Home", 0), ("ArrowUp", 0)),
    ):
        page.keyboard.press(key)
        assert current(page) == f"number-{wanted}"
        assert f"number-{wanted}" in details(page)
        chosen = page.evaluate(
            "[document.getElementById('list').getAttribute('aria-activedescendant'),"
            " getComputedStyle(document.getElementById('list')).outlineStyle]"
        )
        assert chosen == [f"r{wanted}", "solid"]
    page.keyboard.press("PageDown")
    assert int(current(page).rpartition("-")[2]) > 5
    page.keyboard.press("Enter")
    assert page.evaluate(focused) == "details"
    page.keyboard.press("Escape")
    assert page.evaluate(focused) == "list"
    page.keyboard.press("/")
    page.keyboard.type("number-41")
    assert page.evaluate(focused) == "search"
    assert page.inner_text("#count") == "1 of 60 requests"
    page.keyboard.press("Enter")
    assert page.evaluate(focused) == "list" and current(page) == "number-41"
    page.keyboard.press("/")
    page.keyboard.press("Escape")
    assert page.inner_text("#count") == "60 requests"
    page.keyboard.press("Tab")
    assert page.evaluate(focused) == "failed"
    page.keyboard.press(" ")
    assert page.inner_text("#count") == "6 of 60 requests"


def test_the_row_that_is_chosen_is_in_view(show: Show) -> None:
    page = show(many(500))
    for key in ("End", "PageUp", "Home", "PageDown"):
        page.keyboard.press(key)
        assert page.evaluate(
            "(() => { const list = document.getElementById('list');"
            "const outer = list.getBoundingClientRect();"
            "const row = list.querySelector('.current').getBoundingClientRect();"
            "return row.top >= outer.top - 1 && row.bottom <= outer.bottom + 1 })()"
        ), key


def test_the_last_row_before_it_is_made(show: Show) -> None:
    """The keyboard reaches it, and the search finds it among the others."""
    page = show(many(3000))
    chosen = page.evaluate(
        "() => { const list = document.getElementById('list');"
        "list.dispatchEvent(new KeyboardEvent('keydown', {key: 'End'}));"
        "return [list.childElementCount, list.lastChild.className] }"
    )
    assert chosen == [3000, "current"]
    page.fill("#search", "number-29")
    assert page.inner_text("#count") == "111 of 3,000 requests"
    page.wait_for_selector("#list > li:nth-child(111)", state="attached")
    numbers = [int(text) for text in page.locator("#list .n").all_text_contents()]
    assert numbers == sorted(numbers) and len(numbers) == 111


def test_the_dialogue_is_in_view(show: Show) -> None:
    """Beside the list or below it, without scrolling."""
    for width in (1280, 1000):
        page = show(many(20))
        page.set_viewport_size({"width": width, "height": 700})
        place = page.locator(".dialogue tr").nth(3).bounding_box()
        assert 0 < place["y"] < 680 and 0 < place["x"] < width - 100


def test_the_mouse(show: Show) -> None:
    """Hovering shows a request, a click keeps it."""
    page = show(many(20))
    page.hover("#r5")
    assert "number-5" in details(page)
    page.hover("#legend")
    assert "number-0" in details(page)
    page.click("#r3")
    page.hover("#r5")
    assert "number-3" in details(page) and current(page) == "number-3"
    page.keyboard.press("Escape")
    page.hover("#r6")
    assert "number-6" in details(page)


def test_a_mouse_that_rests(show: Show) -> None:
    """It does not take the details from the keyboard when the list scrolls."""
    page = show(many(200))
    page.hover("#r5")
    for key in ("End", "PageUp", "PageUp"):
        page.keyboard.press(key)
        page.wait_for_timeout(200)
        assert details(page).splitlines()[0].endswith(current(page))


def test_the_search(show: Show) -> None:
    """It finds texts of the line, the headers, the dialogue and the error."""
    entries = [entry(name, f"12:00:0{i}") for i, name in enumerate("abc")]
    entries[1]["response"] = {"_error": "No Answer", "status": 0}
    entries[2]["_dialogue"][0]["text"] = "< +CME ERROR: 703"
    page = show(document(*entries))
    for text, wanted in (
        *(("no answer", ["b"]), ("703 cme", ["c"]), ("X-a", ["a"]), ("nothing", [])),
        ("server.example", ["a", "b", "c"]),
    ):
        page.fill("#search", text)
        rows = page.locator("#list > li:visible .u").all_text_contents()
        assert [one[-1] for one in rows] == wanted, text
    page.fill("#search", "")
    page.check("#failed")
    assert page.locator("#list > li:visible").count() == 1
    assert page.locator("#list > li.bad:visible .s").inner_text() == "error"


def test_the_details(show: Show) -> None:
    """The page shows a real trace: dialogue with times, phases, headers."""
    trace = Trace()
    with rig(response(b"hello", b"Server: x"), adapter={"trace": trace}) as made:
        made.session.get(SOMEWHERE, headers={"Authorization": "SECRET"})
    page = show(trace.har())
    shown = details(page)
    for line in trace.entries[0].lines:
        assert f"{line[0]:.3f}" in shown and line[2] in shown
    for text in (
        "setting up the module",
        "Authorization",
        "redacted",
        "200 OK",
        "Server",
    ):
        assert text in shown
    assert "SECRET" not in page.content()


def test_the_bars(show: Show) -> None:
    """They follow each other; from the left, all begin in one column."""
    page = show(document(entry("a"), entry("b", "12:00:02"), entry("c", "12:00:04")))
    places = (
        "[...document.querySelectorAll('#list svg path:first-child')]"
        ".map(one => Math.round(one.getBoundingClientRect().left))"
    )
    first, second, third = page.evaluate(places)
    assert first < second < third
    page.check("#left")
    assert len({*page.evaluate(places)}) == 1
    page.uncheck("#left")
    assert page.evaluate(places) == [first, second, third]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_contrast(show: Show, scheme: str) -> None:
    """All text has the contrast of WCAG 2.2 AA (4.5:1) in both schemes."""
    failed = entry("b", "12:00:02")
    failed["response"] = {"_error": "no answer", "status": 0}
    page = show(document(entry(), failed), color_scheme=scheme)
    found = page.evaluate(CONTRAST)
    assert len(found) > 30
    assert [one for one in found if one[1] < 4.5] == []


#: The contrast of each element with text of its own to what is behind it.
CONTRAST = """() => {
  const numbers = (text) => text.match(/[0-9.]+/g).map(Number);
  const light = (text) => {
    const [r, g, b] = numbers(text).map((one) => one / 255)
      .map((one) => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (one) => {
    const back = getComputedStyle(one).backgroundColor;
    const parent = numbers(back)[3] === 0 ? one.parentElement : null;
    return parent ? behind(parent) : back;
  };
  return [...document.body.querySelectorAll("*")]
    .filter((one) => !["SCRIPT", "STYLE"].includes(one.tagName))
    .filter((one) => [...one.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
    .map((one) => {
      const pair = [light(getComputedStyle(one).color), light(behind(one))];
      return [one.textContent,
        (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05)];
    });
}"""


def test_the_print(show: Show) -> None:
    """It has all rows, in dark colours on white, and no controls."""
    page = show(many(2000), color_scheme="dark")
    # The user prints before all rows are made.
    page.reload()
    rows = page.evaluate(
        "() => { window.dispatchEvent(new Event('beforeprint'));"
        "return document.getElementById('list').childElementCount }"
    )
    assert rows == 2000
    page.emulate_media(media="print")
    assert not page.is_visible("#controls") and not page.is_visible("#details")
    assert page.evaluate(
        "document.getElementById('list').scrollHeight <= "
        "document.getElementById('list').clientHeight + 1"
    )
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == (
        "rgb(255, 255, 255)"
    )
    pages = page.pdf(format="A4").count(b"/Type /Page\n")
    assert pages >= 25


def test_hostile_text(show: Show) -> None:
    """It is shown as it is, and no script of it runs."""
    entries = [
        entry(text, f"12:00:{number:02}") for number, text in enumerate(HOSTILE, 10)
    ]
    page = show(document(*entries))
    for text in HOSTILE:
        assert (
            current(page) == f"http://server.example/{visible(text)}".rpartition("/")[2]
        )
        shown = page.text_content("#details")
        assert shown.count(visible(text)) >= 5
        page.keyboard.press("ArrowDown")
    assert page.locator("#details img, #details b, #list img, #list b").count() == 0


def test_a_page_without_requests(show: Show) -> None:
    page = show(document())
    page.fill("#search", "a")
    page.check("#left")
    assert "No request matches" in details(page)


def test_ten_thousand_requests(show: Show) -> None:
    """The page can be used within two seconds, and searched within one.

    The best of three counts, because other programs may use the machine. The rows out
    of view come later.
    """
    page = show(many(10_000))
    loads, rows = [], []
    for _ in range(3):
        page.reload()
        loads.append(
            page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
        )
        last = "#list > li:nth-child(10000)"
        page.wait_for_selector(last, state="attached", timeout=120_000)
        rows.append(page.evaluate("performance.now()"))
    spent = page.evaluate(
        "() => { const start = performance.now();"
        "const input = document.getElementById('search');"
        "input.value = 'number-9999'; input.dispatchEvent(new Event('input'));"
        "document.getElementById('list').offsetHeight;"
        "return performance.now() - start }"
    )
    times, all_rows = (", ".join(f"{one:.0f}" for one in n) for n in (loads, rows))
    print(f"\n10,000 requests: loaded in {times} ms, searched in {spent:.0f} ms")
    print(f"all rows after {all_rows} ms")
    assert min(loads) < LIMIT and spent < LIMIT / 2
    assert current(page) == "number-9999"


def test_a_browser_takes_the_file(browser: Any, tmp_path: pathlib.Path) -> None:
    """Playwright answers the browser's requests from it."""
    trace, path = Trace(), tmp_path / "a.har"
    found = response(b"hello", b"Content-Length: 5", b"Server: x", status=b"203 Fine")
    with rig(found, adapter={"trace": trace}) as made:
        made.get()
    trace.save(path)
    context = browser.new_context()
    context.route_from_har(path)
    answer = context.new_page().goto(SOMEWHERE)
    assert answer.status == 203
    assert answer.headers["server"] == "x"
    context.close()


def test_the_developer_tools_open_the_file(
    developer_tools: Any, tmp_path: pathlib.Path
) -> None:
    """They show each request of it, and what failed."""
    trace, path = Trace(), tmp_path / "a.har"
    found = [response(b"hello"), response(b"no", status=b"404 Not Found")]
    with rig(*found, adapter={"trace": trace}) as made:
        for name in ("first", "second"):
            made.session.get(f"{SOMEWHERE}/{name}")
    trace.save(path)
    with developer_tools.expect_file_chooser() as chooser:
        developer_tools.get_by_label("Import HAR file").first.click()
    chooser.value.set_files(path)
    developer_tools.get_by_text("2 requests").first.wait_for()
    for name, status in (("first", "200"), ("second", "404")):
        row = developer_tools.locator("tr", has_text=name).filter(has_text=status)
        row.first.wait_for()
