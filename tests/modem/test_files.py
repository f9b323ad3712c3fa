"""Files in the module: list, fetch and delete them."""

from __future__ import annotations

import pathlib

import pytest

from requests_bg96.emulator import Fault
from requests_bg96.emulator.ufs import TOTAL
from requests_bg96.errors import LimitError, ModuleError, SetupError
from tests.https_support import URL, RecordingServers, client_files, root_file, secured
from tests.support import TREACHEROUS, Rig, rig

#: More than one block of an upload, with all kinds of text.
DATA = b"".join(TREACHEROUS) * 5 + bytes(range(256)) * 4 + b"odd"


def content(made: Rig, name: str) -> bytes:
    """The content of a file in the module."""
    return bytes(made.emulator.module.files.content(name))


@pytest.mark.parametrize("rtscts", [False, True])
@pytest.mark.parametrize("data", [DATA, b"x", b"x" * 1024, b"x" * 2048, b"\0\r\n"])
def test_there_and_back(rtscts: bool, data: bytes) -> None:
    """Each byte, in place of an old file."""
    steps: list[tuple[str, int, int]] = []
    with rig(adapter={"rtscts": rtscts}) as made:
        files = made.modem.files
        for _ in range(2):
            files.upload("some.bin", data, lambda *step: steps.append(step))
            assert content(made, "some.bin") == data
            assert files.download("some.bin") == data
        assert files.list() == {"some.bin": len(data)}
        assert files.free() == TOTAL - len(data)
        assert made.get().text == "hello"
    assert steps[-1] == ("some.bin", len(data), len(data))


@pytest.mark.parametrize("action", ["garble", "drop", "double"])
def test_a_download_that_is_not_intact_is_repeated(action: str) -> None:
    """Size and checksum are compared."""
    with rig() as well:
        well.modem.files.upload("some.bin", DATA)
        well.modem.files.download("some.bin")
        offset = well.heard.index(DATA) + 700
    fault = Fault("to_host", offset, action)  # type: ignore[arg-type]
    with rig(faults=[fault]) as made:
        made.modem.files.upload("some.bin", DATA)
        found = made.modem.files.download("some.bin")
        assert made.written.count(b"AT+QFDWL=") == 2
    assert found == DATA


def test_what_is_not_there() -> None:
    """A fetch fails, and a deletion does nothing."""
    with rig() as made:
        with pytest.raises(ModuleError) as caught:
            made.modem.files.download("none.bin")
        assert caught.value.err == 405
        assert not made.modem.files.delete("none.bin")
        assert made.modem.files.list() == {}


@pytest.mark.parametrize(
    "name", ["", "*", "a*", 'a"b', "a\r\nAT+QFDEL=", "ä", "x" * 81]
)
def test_what_is_no_name(name: str) -> None:
    """It is not sent to the module, above all not the name of all files."""
    with rig() as made:
        made.modem.files.upload("kept.bin", DATA)
        for call in (
            made.modem.files.delete,
            made.modem.files.download,
            lambda name: made.modem.files.upload(name, b"x"),
        ):
            with pytest.raises(LimitError):
                call(name)
        assert made.modem.files.list() == {"kept.bin": len(DATA)}


def test_what_is_too_large() -> None:
    """It is refused before its first byte is sent."""
    with rig() as made:
        made.emulator.module.files.create("big").extend(bytes(TOTAL - 10))
        with pytest.raises(SetupError, match="room for 10 bytes, but needs 11"):
            made.modem.files.upload("some.bin", b"x" * 11)
        with pytest.raises(LimitError):
            made.modem.files.upload("some.bin", b"")
        assert b"QFUPL" not in made.written


def test_our_own(tmp_path: pathlib.Path) -> None:
    """The files of HTTPS and no others; they are sent again when needed."""
    path, cert = root_file(tmp_path), client_files(tmp_path)
    servers = RecordingServers()
    with secured(servers) as made:
        files = made.modem.files
        files.upload("cacert.pem", b"theirs")
        files.upload("0123456789.ca", b"theirs")
        made.session.get(URL, verify=path, cert=cert)
        own = files.own()
        assert sorted(name[-3:] for name in own) == [".ca", "crt", "key"]
        assert files.delete_own() == own
        assert sorted(files.list()) == ["0123456789.ca", "cacert.pem"]
        # The client does not rely on them any more.
        made.session.get(URL, verify=path, cert=cert)
        assert files.own() == own
    first, second = servers.seen
    assert first.ca_certificate == second.ca_certificate
    assert first.client_key == second.client_key


def test_what_others_put_in_place_of_ours_is_not_used(tmp_path: pathlib.Path) -> None:
    """Not even with the same size."""
    path, servers = root_file(tmp_path), RecordingServers()
    with secured(servers) as made:
        made.session.get(URL, verify=path)
        ((name, size),) = made.modem.files.own().items()
        made.modem.files.upload(name, b"x" * size)
        made.session.get(URL, verify=path)
    first, second = servers.seen
    assert first.ca_certificate == second.ca_certificate


def test_keys_are_wiped(tmp_path: pathlib.Path) -> None:
    """Overwritten, then deleted. Certificates stay, and keys of others, too."""
    path, cert = root_file(tmp_path), client_files(tmp_path)
    with secured(RecordingServers()) as made:
        made.emulator.module.files.create("their.key").extend(b"theirs")
        made.session.get(URL, verify=path, cert=cert)
        (key,) = (name for name in made.modem.files.own() if name.endswith(".key"))
        held = made.emulator.module.files.content(key)
        size = len(held)
        assert made.modem.files.wipe_keys() == {key: True}
        # The bytes of the file are zeros now.
        assert bytes(held) == bytes(size)
        assert key not in made.modem.files.list()
        assert "their.key" in made.modem.files.list()
        assert made.modem.files.wipe_keys() == {}
        assert made.session.get(URL, verify=path, cert=cert).ok


def test_a_key_that_cannot_be_overwritten_is_deleted(tmp_path: pathlib.Path) -> None:
    """A warning says so."""
    path, cert = root_file(tmp_path), client_files(tmp_path)
    with secured(RecordingServers()) as made:
        made.session.get(URL, verify=path, cert=cert)
        (key,) = (name for name in made.modem.files.own() if name.endswith(".key"))
        # The maximum number of files is open.
        for number in range(10):
            made.modem.command(f'AT+QFOPEN="other{number}"')
        assert made.modem.files.wipe_keys() == {key: False}
        assert key not in made.modem.files.list()


def test_a_response_that_is_being_read_is_not_lost() -> None:
    """Meanwhile the line is needed for the files."""
    body = b"HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\n" + b"x" * 50_000
    with rig(body) as made:
        response = made.get(stream=True)
        assert made.modem.files.list() == {}
        assert len(response.content) == 50_000
