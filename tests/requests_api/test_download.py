"""`download`: the file arrives intact, even if the line breaks at any place."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import pathlib
import random
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from requests_bg96 import DigestError, DownloadError, download
from requests_bg96.base.digests import Digest
from requests_bg96.base.partial import STEP
from requests_bg96.download import OVERLAP
from requests_bg96.emulator import CallableNetwork, Fault
from tests.file_server import FileServer, date, repr_digest
from tests.servers import HANG, Reply, Request, raw, serve
from tests.support import SOMEWHERE, Rig, rig

#: Three steps and a bit, of bytes that no text mode leaves as they are.
DATA = random.Random(96).randbytes(3 * STEP + 17)
#: A short file, and one of the same length.
SHORT = DATA[:1000]
OTHER = bytes(1000)
SHA = hashlib.sha256(SHORT).hexdigest()
#: Of a server that hangs up after each response.
HEAD = (
    b'HTTP/1.1 200 OK\r\nConnection: close\r\nETag: "one"\r\n'
    b"Content-Length: 1000\r\n\r\n"
)
#: What is raised where a response breaks off.
BROKEN = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
)
OLD = {"Last-Modified": date(3600)}


@contextlib.contextmanager
def behind(file_server: FileServer, **arguments: Any) -> Iterator[Rig]:
    """A session over a modem with this server behind it."""
    with rig(network=CallableNetwork(file_server), **arguments) as made:
        yield made


def tries(made: Rig, path: pathlib.Path, times: int = 50, **arguments: Any) -> int:
    """Call it until it has the file; return how many calls that took."""
    for number in range(1, times):
        with contextlib.suppress(*BROKEN):
            assert download(made.session, SOMEWHERE, path, **arguments) == path
            return number
    raise AssertionError(f"not there after {times} calls")


def names(path: pathlib.Path) -> list[str]:
    """The files beside `path`."""
    return sorted(one.name for one in path.parent.iterdir())


@pytest.fixture
def path(tmp_path: pathlib.Path) -> pathlib.Path:
    """Where the file goes."""
    return tmp_path / "file"


def test_a_file(path: pathlib.Path) -> None:
    """It arrives, its progress is told, and nothing is left beside it."""
    told: list[tuple[str, int, int | None]] = []
    path.write_bytes(b"old")
    with behind(FileServer(DATA)) as made:
        download(
            made.session,
            SOMEWHERE,
            str(path),
            progress=lambda *one: told.append(one),
        )
    assert path.read_bytes() == DATA and names(path) == ["file"]
    counts = [count for _, count, _ in told]
    assert counts == sorted(counts) and told[-1] == ("file", len(DATA), len(DATA))


def test_a_file_by_socket(path: pathlib.Path) -> None:
    """It takes enough at a time for several reads on one line."""
    with behind(FileServer(DATA), adapter={"via": "socket"}) as made:
        download(made.session, SOMEWHERE, path)
        assert made.written.count(b"AT+QIRD=0,1500;+QIRD=0,1500;") > 10
    assert path.read_bytes() == DATA


@pytest.mark.parametrize("headers", [None, OLD, {**OLD, "ETag": 'W/"weak"'}])
def test_it_resumes(path: pathlib.Path, headers: dict[str, str] | None) -> None:
    """Each call goes on where the last one broke off, but for bytes to compare."""
    cuts = [100_000, 0, 1, 90_000]
    file_server = FileServer(DATA, cuts=cuts, headers=headers)
    with behind(file_server) as made:
        assert tries(made, path) == len(cuts) + 1
    assert path.read_bytes() == DATA and names(path) == ["file"]
    assert file_server.sent <= len(DATA) + len(cuts) * OVERLAP
    assert (
        file_server.asked[0] is None
        and file_server.asked[-1] == f"bytes={190_000 - 2 * OVERLAP}-"
    )


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 999), max_size=8), st.randoms(use_true_random=False))
def test_it_breaks_anywhere(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int], chance: random.Random
) -> None:
    """The server hangs up, and the file changes, at any time: never is it a mixture."""
    path = tmp_path_factory.mktemp("download") / "file"
    file_server = FileServer(SHORT, cuts=cuts)
    with behind(file_server) as made:
        for number in range(20):
            try:
                download(made.session, SOMEWHERE, path)
                break
            except BROKEN:
                if chance.random() < 0.3:
                    file_server.content = chance.randbytes(
                        chance.choice([1000, 700, 1300])
                    )
                    file_server.headers = {"ETag": f'"{number}"'}
    assert path.read_bytes() == file_server.content and names(path) == ["file"]


@pytest.mark.parametrize(
    "action", ["drop", "double", "silence", "unplug", "reset", "hang_up"]
)
@pytest.mark.parametrize("seed", range(5))
def test_the_line_breaks(path: pathlib.Path, action: Any, seed: int) -> None:
    """Bytes are lost, or all of them: what arrives is right, or it is not there."""
    chance = random.Random(f"{action} {seed}")
    file_server = FileServer(DATA[:20_000])
    with behind(file_server, adapter={"allow_reset": True}) as made:
        offset = chance.randrange(1500, 20_000)
        # Only a silence has a time; it is longer than the read timeout.
        fault = Fault("to_host", offset, action, seconds=100.0)
        made.emulator.add_fault(fault)
        with contextlib.suppress(*BROKEN):
            download(made.session, SOMEWHERE, path)
        if action == "unplug":
            made.emulator.plug()
        tries(made, path)
    assert path.read_bytes() == file_server.content and names(path) == ["file"]


@pytest.mark.parametrize("action", ["double", "insert"])
def test_bytes_that_the_line_adds(path: pathlib.Path, action: Any) -> None:
    """If the module's end shows it, nothing of that response is kept.

    A comparison of the last bytes could not: they are all alike.
    """
    file_server = FileServer(DATA[:5000] + bytes(9000))
    with behind(file_server) as made:
        fault = Fault("to_host", 3000, action, data=b"x", count=2)
        made.emulator.add_fault(fault)
        with pytest.raises(BROKEN):
            download(made.session, SOMEWHERE, path)
        download(made.session, SOMEWHERE, path)
    assert path.read_bytes() == file_server.content


NEW = [
    # What the server tells, and what it no longer heeds.
    ({"ETag": '"two"'}, {}),
    ({"ETag": '"two"'}, {"if_range": False}),
    ({}, {"if_range": False}),
    ({"Last-Modified": date(60)}, {}),
]


@pytest.mark.parametrize("headers, heeds", NEW)
@pytest.mark.parametrize("before", [None, OLD])
def test_a_file_that_has_changed(
    path: pathlib.Path,
    before: dict[str, str] | None,
    headers: dict[str, str],
    heeds: dict[str, bool],
) -> None:
    """It is begun again, even if the server does not heed If-Range."""
    file_server = FileServer(SHORT, cuts=[600], headers=before)
    with behind(file_server) as made:
        with pytest.raises(BROKEN):
            download(made.session, SOMEWHERE, path)
        file_server.content, file_server.headers = OTHER, headers
        file_server.if_range = heeds.get("if_range", True)
        if before and not headers:
            # Nothing tells this one apart but its length.
            file_server.content = OTHER + b"x"
        download(made.session, SOMEWHERE, path)
    assert path.read_bytes() == file_server.content


#: Where a download of 600 bytes resumes.
START = 600 - OVERLAP
WRONG_PARTS = [
    {"Content-Range": f"bytes {START - 1}-998/1000"},
    {"Content-Range": f"bytes {START + 1}-1000/1000"},
    {"Content-Range": f"bytes {START}-999/1001"},
    {"Content-Range": f"bytes {START}-998/1000"},
    {"Content-Range": f"bytes {START}-999/*"},
    {"Content-Range": f"items {START}-999/1000"},
    {"Content-Range": f"bytes {START}-{START - 1}/1000"},
    {"Content-Encoding": "gzip"},
    {"Last-Modified": date(5)},
    {"Repr-Digest": repr_digest(OTHER)},
]


@pytest.mark.parametrize("wrong", WRONG_PARTS)
def test_a_part_of_something_else(path: pathlib.Path, wrong: dict[str, str]) -> None:
    """It is not taken, and the file is begun again."""
    headers = {"ETag": '"one"', **OLD, "Repr-Digest": repr_digest(SHORT)}
    file_server = FileServer(SHORT, cuts=[600], headers=headers)
    with behind(file_server) as made:
        with pytest.raises(BROKEN):
            download(made.session, SOMEWHERE, path)
        file_server.change = lambda headers: headers.update(wrong)
        download(made.session, SOMEWHERE, path)
    assert path.read_bytes() == SHORT and file_server.asked == [
        None,
        f"bytes={START}-",
        None,
    ]


def test_a_server_that_sends_less_than_asked(path: pathlib.Path) -> None:
    """The rest is asked for again."""

    def app(request: Request) -> Reply:
        start = int((request.all("Range") or ["bytes=0-"])[0][6:-1])
        piece = SHORT[start : start + 600]
        if start == 0:
            return raw(HEAD, piece)
        head = b'HTTP/1.1 206 P\r\nConnection: close\r\nETag: "one"\r\n'
        told = b"Content-Range: bytes %d-%d/1000\r\n\r\n"
        return raw(head, told % (start, start + len(piece) - 1), piece)

    with serve(app) as server, requests.Session() as session:
        with pytest.raises(BROKEN):
            download(session, server.url, path)
        download(session, server.url, path)
        assert len(server.requests) == 3
    assert path.read_bytes() == SHORT


def test_a_server_that_sends_nothing(path: pathlib.Path) -> None:
    """It is not asked for ever."""

    def app(request: Request) -> Reply:
        if not request.all("Range"):
            return raw(HEAD, SHORT[:600])
        head = b'HTTP/1.1 206 P\r\nConnection: close\r\nETag: "one"\r\n'
        return raw(head, b"Content-Range: bytes %d-999/1000\r\n\r\n" % START)

    with serve(app) as server, requests.Session() as session:
        with pytest.raises(BROKEN):
            download(session, server.url, path)
        with pytest.raises(DownloadError, match="does not send the file"):
            for _ in range(2):
                download(session, server.url, path)
        assert len(server.requests) < 12


NOT_RESUMED: list[tuple[dict[str, str], dict[str, Any]]] = [
    ({}, {}),
    ({"ETag": 'W/"weak"'}, {}),
    ({"ETag": "none"}, {}),
    ({"Last-Modified": date(1)}, {}),
    ({"Last-Modified": "yesterday"}, {}),
    ({"Last-Modified": date(3600), "Date": "now"}, {}),
    ({"ETag": '"one"'}, {"ranges": False}),
]


@pytest.mark.parametrize("headers, heeds", NOT_RESUMED)
def test_what_cannot_be_resumed(
    path: pathlib.Path, headers: dict[str, str], heeds: dict[str, Any]
) -> None:
    """The whole file is fetched again."""
    file_server = FileServer(SHORT, cuts=[600], headers=headers, **heeds)
    with behind(file_server) as made:
        assert tries(made, path) == 2
    assert path.read_bytes() == SHORT and file_server.sent == 1600


def test_another_url(path: pathlib.Path) -> None:
    """The bytes are those of one URL, with its parameters."""
    file_server = FileServer(SHORT, cuts=[600, 600])
    with behind(file_server) as made:
        for parameters in (None, {"a": "1"}, {"a": "2"}):
            with contextlib.suppress(*BROKEN):
                download(made.session, SOMEWHERE, path, params=parameters)
    assert file_server.asked == [None, None, None] and path.read_bytes() == SHORT


def test_all_is_there_but_the_end(path: pathlib.Path) -> None:
    """It was not moved into place: one byte tells whether it is still that file."""
    file_server = FileServer(SHORT)
    with behind(file_server) as made:

        def full(name: str, received: int, size: int | None) -> None:
            if received == size:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            download(made.session, SOMEWHERE, path, progress=full)
        assert names(path) == ["file.part", "file.part.json"]
        download(made.session, SOMEWHERE, path)
        assert file_server.asked == [None, f"bytes={1000 - OVERLAP}-"]
    assert path.read_bytes() == SHORT


DAMAGE = [
    b"",
    b"{",
    b"[]",
    b"{}",
    b'{"source": {}, "size": 6, "certain": -1, "sha256": ""}',
    b'{"source": {}, "size": "x", "certain": 0, "sha256": ""}',
    b'{"source": {}, "size": 6, "certain": 7, "sha256": ""}',
    b'{"source": [], "size": 6, "certain": 0, "sha256": ""}',
    b'{"source": {}, "size": 9999, "certain": 0, "sha256": ""}',
]


@pytest.mark.parametrize("notes", DAMAGE)
def test_damaged_notes(path: pathlib.Path, notes: bytes) -> None:
    file_server = FileServer(SHORT, cuts=[600])
    with behind(file_server) as made:
        with pytest.raises(BROKEN):
            download(made.session, SOMEWHERE, path)
        path.with_name("file.part.json").write_bytes(notes)
        download(made.session, SOMEWHERE, path)
    assert path.read_bytes() == SHORT and file_server.asked == [None, None]


ODD = {"size": "1000", "etag": 5, "digest": "x", "coding": [], "new": None}


@pytest.mark.parametrize("name, value", ODD.items())
def test_notes_of_another_version(path: pathlib.Path, name: str, value: object) -> None:
    """What is not understood is not used."""
    file_server = FileServer(SHORT, cuts=[600])
    with behind(file_server) as made:
        with pytest.raises(BROKEN):
            download(made.session, SOMEWHERE, path)
        place = path.with_name("file.part.json")
        notes = json.loads(place.read_text())
        notes["source"][name] = value
        place.write_text(json.dumps(notes))
        download(made.session, SOMEWHERE, path)
    assert path.read_bytes() == SHORT and file_server.asked == [None, None]


@pytest.mark.skipif(not hasattr(os, "O_NOFOLLOW"), reason="needs O_NOFOLLOW")
def test_a_link_in_place_of_the_part(path: pathlib.Path) -> None:
    """Nothing is written where it leads to."""
    other = path.with_name("other")
    other.write_bytes(b"mine")
    path.with_name("file.part").symlink_to(other)
    with behind(FileServer(SHORT)) as made, pytest.raises(OSError):
        download(made.session, SOMEWHERE, path)
    assert other.read_bytes() == b"mine"


@pytest.mark.parametrize(
    "change, kept",
    [
        (lambda data: bytes(len(data)), None),
        (lambda data: data[:-1], None),
        # The power went before these were noted.
        (lambda data: data + bytes(99), f"bytes={START}-"),
    ],
)
def test_damaged_bytes(path: pathlib.Path, change: Any, kept: str | None) -> None:
    """What the notes do not cover is fetched again."""
    file_server = FileServer(SHORT, cuts=[600])
    with behind(file_server) as made:
        with pytest.raises(BROKEN):
            download(made.session, SOMEWHERE, path)
        part = path.with_name("file.part")
        part.write_bytes(change(part.read_bytes()))
        download(made.session, SOMEWHERE, path)
    assert path.read_bytes() == SHORT and file_server.asked == [None, kept]


def test_no_secret_is_kept(path: pathlib.Path) -> None:
    """The notes have no URL, which may have a token in it, and no header."""
    with behind(FileServer(SHORT, cuts=[600])) as made:
        with pytest.raises(BROKEN):
            download(
                made.session,
                f"{SOMEWHERE}?token=word",
                path,
                headers={"Authorization": "word"},
            )
    notes = path.with_name("file.part.json").read_text()
    assert "word" not in notes and "server" not in notes
    assert json.loads(notes)["size"] == 600


# Digests


@pytest.mark.parametrize("text", [SHA, f"sha256:{SHA.upper()}", f" SHA256:{SHA} "])
def test_a_digest(path: pathlib.Path, text: str) -> None:
    file_server = FileServer(SHORT)
    with behind(file_server) as made:
        download(made.session, SOMEWHERE, path, text)
        path.unlink()
        file_server.content = OTHER
        with pytest.raises(DigestError, match=f"file does not .* sha256:{SHA}"):
            download(made.session, SOMEWHERE, path, text)
    assert names(path) == []


@pytest.mark.parametrize(
    "text", ["", "x", "sha1:" + "0" * 40, SHA[1:], "sha512:" + SHA, "é" * 64]
)
def test_a_wrong_digest(path: pathlib.Path, text: str) -> None:
    """It is refused before anything is asked for."""
    with pytest.raises(ValueError, match="sha256:HEX"):
        download(requests.Session(), SOMEWHERE, path, text)
    assert names(path) == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Repr-Digest": repr_digest(SHORT)},
        {"Repr-Digest": f"md5=:AAAA:, {repr_digest(SHORT)};x=1"},
        {"Digest": f"SHA-256={repr_digest(SHORT)[9:-1]}, md5=AAAA"},
    ],
)
def test_the_servers_digest(path: pathlib.Path, headers: dict[str, str]) -> None:
    """It is compared, also with bytes of an earlier call."""
    file_server = FileServer(SHORT, cuts=[600], headers={"ETag": '"one"', **headers})
    with behind(file_server) as made:
        assert tries(made, path) == 2
        file_server.content = OTHER
        with pytest.raises(DigestError):
            download(made.session, SOMEWHERE, path)
        file_server.content, file_server.cuts = SHORT, [600]
        path.unlink()
        with pytest.raises(BROKEN):
            download(made.session, SOMEWHERE, path)
        # The server keeps silent about the change, and tells the digest no more.
        file_server.content, file_server.headers = SHORT[:-1] + b"x", {"ETag": '"one"'}
        with pytest.raises(DigestError):
            download(made.session, SOMEWHERE, path)
    assert names(path) == []


@pytest.mark.parametrize(
    "told", ["", "x", "sha-256=:AAAA:", "sha-256=:!:", "sha=:AAAA:", "sha-256=::", "="]
)
def test_wrong_digests(told: str) -> None:
    """They are ignored, as RFC 9530 says."""
    assert Digest.from_headers({"Repr-Digest": told}) is None


def test_the_strongest_digest() -> None:
    value = "A" * 86 + "=="
    told = Digest.from_headers(
        {"Repr-Digest": f"sha-256=:{'A' * 43}=:, SHA-512=:{value}:"}
    )
    assert told == Digest("sha512", bytes(64))


# What a server does


def test_errors_of_the_server(path: pathlib.Path) -> None:
    """What is there is kept for a better time."""
    replies = [
        raw(
            HEAD,
            SHORT[:600],
        ),
        raw(b"HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"),
        raw(b"HTTP/1.1 204 Nothing\r\nConnection: close\r\n\r\n"),
        raw(
            b'HTTP/1.1 206 P\r\nConnection: close\r\nETag: "one"\r\n'
            b"Content-Range: bytes %d-999/1000\r\n\r\n" % START,
            SHORT[START:],
        ),
    ]
    with (
        serve(lambda request: replies.pop(0)) as server,
        requests.Session() as session,
    ):
        with pytest.raises(BROKEN):
            download(session, server.url, path)
        with pytest.raises(requests.HTTPError, match="503"):
            download(session, server.url, path)
        with pytest.raises(DownloadError, match="204"):
            download(session, server.url, path)
        download(session, server.url, path)
    assert path.read_bytes() == SHORT


@pytest.mark.parametrize("status", [b"412 No", b"416 No"])
def test_a_range_that_is_not_there(path: pathlib.Path, status: bytes) -> None:
    """The file is begun again."""
    replies = [
        raw(HEAD, SHORT[:600]),
        raw(b"HTTP/1.1 " + status + b"\r\nConnection: close\r\n\r\n"),
        raw(HEAD, OTHER),
    ]
    with (
        serve(lambda request: replies.pop(0)) as server,
        requests.Session() as session,
    ):
        with pytest.raises(BROKEN):
            download(session, server.url, path)
        download(session, server.url, path)
    assert path.read_bytes() == OTHER


def test_a_coding_that_was_not_wanted(path: pathlib.Path) -> None:
    """The bytes are those that are sent: it is their digest that a server tells."""
    file_server = FileServer(SHORT, headers={"Content-Encoding": "gzip"})
    with behind(file_server) as made:
        download(made.session, SOMEWHERE, path)
    assert path.read_bytes() == SHORT


def test_a_file_without_a_length(path: pathlib.Path) -> None:
    """The end of the connection is its end."""
    with (
        serve(
            lambda _: raw(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", SHORT)
        ) as server,
        requests.Session() as session,
    ):
        download(session, server.url, path)
    assert path.read_bytes() == SHORT


def test_an_empty_file(path: pathlib.Path) -> None:
    with behind(FileServer(b"")) as made:
        download(made.session, SOMEWHERE, path)
    assert path.read_bytes() == b"" and names(path) == ["file"]


# Processes

PROGRAM = """
import sys, requests
from requests_bg96 import download
download(requests.Session(), sys.argv[1], sys.argv[2], progress=print)
"""


def test_another_process(path: pathlib.Path) -> None:
    """It goes on with what a killed one has left; two at a time are refused."""
    file_server = FileServer(DATA)

    def app(request: Request) -> Reply:
        fields = {name.lower(): value for name, value in request.headers}
        head, body = file_server.respond(fields)
        if len(file_server.asked) == 1:
            return raw(head, body[: 2 * STEP + 5], HANG)
        return raw(head, body)

    with serve(app) as server:
        words = [sys.executable, "-u", "-c", PROGRAM, server.url, str(path)]
        with subprocess.Popen(words, stdout=subprocess.PIPE) as first:
            assert first.stdout is not None
            for line in first.stdout:
                if int(line.split()[1]) >= 2 * STEP:
                    break
            if sys.platform != "win32":
                second = subprocess.run(words, capture_output=True, text=True)
                assert "another download writes this file" in second.stderr
            first.kill()
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    assert path.read_bytes() == DATA and names(path) == ["file"]
    # The bytes after the last step that was noted come again.
    assert int(str(file_server.asked[1])[6:-1]) > STEP - OVERLAP
