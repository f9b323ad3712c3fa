"""Each command form, parameter and error number of the manual has its tests.

The list of the manual is here as data. ``docs/manual-coverage.rst`` has a row for each,
with the tests of the emulator and of the client. A missing row, a row without a test
and a test that does not exist fail.
"""

from __future__ import annotations

import dataclasses
import functools
import subprocess
import sys
from collections.abc import Iterator

import pytest
from docutils import nodes

from tests.documents import pages
from tests.documents.pages import ROOT

#: The BG96 HTTP(S) AT Commands Manual V1.0: the forms and parameters by chapter.
MANUAL: dict[str, tuple[str, ...]] = {
    "1.3 Data mode": (
        "+++",
        "+++ guard time 1 s",
        "DTR with AT&D1",
    ),
    "2.1 AT+QHTTPCFG": (
        "AT+QHTTPCFG=?",
        "AT+QHTTPCFG?",
        'AT+QHTTPCFG="contextid",<contextID>',
        'AT+QHTTPCFG="contextid"',
        'AT+QHTTPCFG="requestheader",<request_header>',
        'AT+QHTTPCFG="requestheader"',
        'AT+QHTTPCFG="responseheader",<response_header>',
        'AT+QHTTPCFG="responseheader"',
        'AT+QHTTPCFG="sslctxid",<sslctxID>',
        'AT+QHTTPCFG="sslctxid"',
        'AT+QHTTPCFG="contenttype",<content_type>',
        'AT+QHTTPCFG="contenttype"',
        "<contextID> 1-16",
        "<contextID> default 1",
        "<request_header> 0, 1",
        "<response_header> 0, 1",
        "<sslctxID> 0-5",
        "<sslctxID> default 1",
        "<content_type> 0-3",
        "<err> of QHTTPCFG",
    ),
    "2.2 AT+QHTTPURL": (
        "AT+QHTTPURL=?",
        "AT+QHTTPURL?",
        "AT+QHTTPURL=<URL_length>[,<timeout>]",
        "http:// or https://",
        "<URL_length> 1-700",
        "<timeout> 1-65535",
        "<timeout> default 60",
        "<err> of QHTTPURL: too few bytes",
        "<err> of QHTTPURL: while a request is sent",
    ),
    "2.3 AT+QHTTPGET": (
        "AT+QHTTPGET=?",
        "AT+QHTTPGET",
        "AT+QHTTPGET=<rsptime>",
        "AT+QHTTPGET=<rsptime>,<data_length>[,<input_time>]",
        "+QHTTPGET: <err>",
        "+QHTTPGET: <err>,<httprspcode>",
        "+QHTTPGET: <err>,<httprspcode>,<content_length>",
        "CONNECT of QHTTPGET within 125 s",
        "<rsptime> of QHTTPGET 1-65535",
        "<rsptime> of QHTTPGET default 60",
        "<data_length> of QHTTPGET 1-2048",
        "<input_time> of QHTTPGET 1-65535",
        "<input_time> of QHTTPGET default 60",
        "<err> of QHTTPGET: too few bytes",
        "<err> of QHTTPGET: wrong format for the header mode",
    ),
    "2.4 AT+QHTTPPOST": (
        "AT+QHTTPPOST=?",
        "AT+QHTTPPOST=<data_length>[,<input_time>,<rsptime>], requestheader 0",
        "AT+QHTTPPOST=<data_length>[,<input_time>,<rsptime>], requestheader 1",
        "+QHTTPPOST: <err>",
        "+QHTTPPOST: <err>,<httprspcode>",
        "+QHTTPPOST: <err>,<httprspcode>,<content_length>",
        "CONNECT of QHTTPPOST within 125 s",
        "<data_length> of QHTTPPOST 1-1024000",
        "<input_time> of QHTTPPOST 1-65535",
        "<input_time> of QHTTPPOST default 60",
        "<rsptime> of QHTTPPOST 1-65535",
        "<rsptime> of QHTTPPOST default 60",
        "<err> of QHTTPPOST: too few bytes",
    ),
    "2.5 AT+QHTTPPOSTFILE": (
        "AT+QHTTPPOSTFILE=?",
        "AT+QHTTPPOSTFILE=<file_name>[,<rsptime>], requestheader 0",
        "AT+QHTTPPOSTFILE=<file_name>[,<rsptime>], requestheader 1",
        "+QHTTPPOSTFILE: <err>",
        "+QHTTPPOSTFILE: <err>,<httprspcode>,<content_length>",
        "<file_name> of QHTTPPOSTFILE up to 80 bytes",
        "<rsptime> of QHTTPPOSTFILE 1-65535",
        "<rsptime> of QHTTPPOSTFILE default 60",
        "<err> of QHTTPPOSTFILE",
    ),
    "2.6 AT+QHTTPREAD": (
        "AT+QHTTPREAD=?",
        "AT+QHTTPREAD",
        "AT+QHTTPREAD=<wait_time>",
        "+QHTTPREAD: <err>",
        "<wait_time> of QHTTPREAD 1-65535",
        "<wait_time> of QHTTPREAD default 60",
        "<wait_time> of QHTTPREAD is between two packets",
        "<err> of QHTTPREAD: not read completely",
    ),
    "2.7 AT+QHTTPREADFILE": (
        "AT+QHTTPREADFILE=?",
        "AT+QHTTPREADFILE=<file_name>[,<wait_time>]",
        "+QHTTPREADFILE: <err>",
        "<file_name> of QHTTPREADFILE up to 80 bytes",
        "<wait_time> of QHTTPREADFILE 1-65535",
        "<wait_time> of QHTTPREADFILE default 60",
        "<err> of QHTTPREADFILE",
    ),
    "3 Examples": (
        "3.1.1 solution 1",
        "3.1.1 solution 2",
        "3.1.2.1",
        "3.1.2.2",
        "3.2.1 solution 1",
        "3.2.1 solution 2",
        "3.2.2.1",
        "3.2.2.2",
    ),
    "5 Error codes": ("0", *(str(number) for number in range(701, 731))),
    "6 Response codes": ("200", "403", "404", "409", "411", "500"),
}

#: What the client never does, so that no test can show it.
NOT_USED = "Not used:"
MAY_BE_UNUSED = {
    "<timeout> default 60",
    "<rsptime> of QHTTPGET default 60",
    "<input_time> of QHTTPGET default 60",
    "<input_time> of QHTTPPOST default 60",
    "<rsptime> of QHTTPPOST default 60",
    "<rsptime> of QHTTPPOSTFILE default 60",
    "<wait_time> of QHTTPREADFILE default 60",
}


@dataclasses.dataclass(frozen=True)
class Row:
    """A row of the page.

    :param what: the form, the parameter or the number.
    :param emulator: the node ids of tests.
    :param client: the same.
    :param said: the text of the client's column.
    """

    what: str
    emulator: tuple[str, ...]
    client: tuple[str, ...]
    said: str


def rows(section: nodes.section) -> Iterator[Row]:
    """Read the table of a section."""
    for body in section.findall(nodes.tbody):
        for row in body.findall(nodes.row):
            what, emulator, client = row.findall(nodes.entry)
            yield Row(
                " ".join(what.astext().split()),
                literals(emulator),
                literals(client),
                client.astext(),
            )


def literals(entry: nodes.entry) -> tuple[str, ...]:
    """The texts in double backquotes."""
    return tuple(literal.astext() for literal in entry.findall(nodes.literal))


@functools.cache
def document() -> dict[str, tuple[Row, ...]]:
    """The rows of the document, by section."""
    tree = pages.page(pages.DOCS / "manual-coverage.rst")
    tables = {}
    for section in tree.findall(nodes.section):
        title = section.next_node(nodes.title)
        found = tuple(rows(section)) if title is not None else ()
        if found and title is not None:
            tables[title.astext()] = found
    # A page with several sections has its title as a section.
    return {title: found for title, found in tables.items() if title in MANUAL}


@functools.cache
def existing_ids() -> frozenset[str]:
    """The node ids of all tests in the files on the page."""
    named = {
        test.partition("::")[0]
        for table in document().values()
        for row in table
        for test in row.emulator + row.client
    }
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "--collect-only",
            "-q",
            "-p",
            "no:cacheprovider",
        ]
        + sorted(named),
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    ids = {line for line in done.stdout.splitlines() if "::" in line}
    return frozenset(ids | {one.partition("[")[0] for one in ids})


@pytest.mark.parametrize("chapter", MANUAL)
def test_each_of_the_manual_has_its_row(chapter: str) -> None:
    """Each has one row, and there are no others."""
    assert [row.what for row in document()[chapter]] == list(MANUAL[chapter])


@pytest.mark.parametrize("chapter", MANUAL)
def test_each_row_has_its_tests(chapter: str) -> None:
    """There are tests of both sides, and they exist."""
    for row in document()[chapter]:
        assert row.emulator, row
        missing = {*row.emulator, *row.client} - existing_ids()
        assert not missing, row.what
        assert row.client or row.what in MAY_BE_UNUSED, row


def test_what_the_client_does_not_use() -> None:
    """The page says so with a reason, and only for these."""
    unused = {
        row.what: row.said
        for table in document().values()
        for row in table
        if not row.client
    }
    assert unused.keys() == MAY_BE_UNUSED
    for said in unused.values():
        assert said.startswith(NOT_USED) and len(said) > len(NOT_USED) + 10


def test_each_side_is_tested_by_its_own_tests() -> None:
    """Tests of the emulator are in its folder; those of the client are not."""
    for table in document().values():
        for row in table:
            assert all(test.startswith("tests/emulator/") for test in row.emulator)
            assert not any(test.startswith("tests/emulator/") for test in row.client)
