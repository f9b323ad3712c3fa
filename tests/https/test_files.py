"""Certificates and keys in the module: sent once, complete, and not confused."""

from __future__ import annotations

import hashlib
import pathlib
from typing import Any

import pytest
import requests

from requests_bg96 import BG96Adapter
from requests_bg96.base.trust import OWN_NAME, authorities
from requests_bg96.emulator import Emulator, Fault
from requests_bg96.emulator.ufs import TOTAL
from tests.https_support import (
    MIDDLE,
    URL,
    RecordingServers,
    client_files,
    colliding_files,
    fault_in,
    root_file,
    root_pem,
    secured,
    uploads,
)
from tests.support import Rig


def module_files(emulator: Emulator) -> dict[str, bytes]:
    """The files in the module."""
    files = emulator.module.files
    return {name: bytes(files.content(name)) for name in files.names()}


def test_a_file_is_named_by_its_content(tmp_path: pathlib.Path) -> None:
    """Eight digits of its digest, and three letters for its kind."""
    with secured(RecordingServers()) as made:
        path, cert = root_file(tmp_path), client_files(tmp_path)
        made.session.get(URL, verify=path, cert=cert)
        found = module_files(made.emulator)
    assert len(found) == 3
    for name, content in found.items():
        assert OWN_NAME.fullmatch(name)
        assert name.startswith(hashlib.sha256(content).hexdigest()[:8])
    assert {name[-3:] for name in found} == {".ca", "crt", "key"}
    assert root_pem() in found.values()


def test_a_file_is_sent_once(tmp_path: pathlib.Path) -> None:
    """A second request or session does not send it again."""
    servers = RecordingServers()
    with secured(servers) as made:
        path = root_file(tmp_path)
        made.session.get(URL, verify=path)
        made.session.get(URL, verify=path)
        made.clock.sleep(3600)
        made.session.get(URL, verify=path)
        made.adapter.close()
        with requests.Session() as other:
            other.mount("https://", BG96Adapter(made.emulator.url, clock=made.clock))
            other.get(URL, verify=path)
        assert uploads(made) == 1
    assert [tls.ca_certificate for tls in servers.seen] == 4 * [root_pem()]


@pytest.mark.parametrize("action", ["garble", "drop", "double"])
@pytest.mark.parametrize("rtscts", [False, True])
def test_a_corrupt_upload_is_repeated(
    tmp_path: pathlib.Path, action: str, rtscts: bool
) -> None:
    """It is deleted, and the module never uses it."""
    path, servers = root_file(tmp_path), RecordingServers()
    adapter = {"rtscts": rtscts}
    with secured(RecordingServers(), adapter=adapter) as well:
        well.session.get(URL, verify=path)
        fault = fault_in(well, root_pem(), MIDDLE, action)
    with secured(servers, adapter=adapter, faults=[fault]) as made:
        assert made.session.get(URL, verify=path).ok
        assert uploads(made) == 2
        assert made.written.count(b"AT+QFDEL=") == 1
    assert [tls.ca_certificate for tls in servers.seen] == [root_pem()]


def test_a_line_that_is_always_noisy_is_given_up(tmp_path: pathlib.Path) -> None:
    """No request is sent, and no corrupt file is left."""
    path, servers = root_file(tmp_path), RecordingServers()
    with secured(RecordingServers()) as well:
        well.session.get(URL, verify=path)
        start = well.written.index(root_pem())
    noise = [Fault("from_host", start + n, "garble") for n in range(0, 12_000, 400)]
    with secured(servers, faults=noise) as made:
        with pytest.raises(requests.ConnectionError):
            made.session.get(URL, verify=path)
        assert root_pem() not in module_files(made.emulator).values()
    assert servers.seen == []


def test_an_upload_whose_result_was_lost_is_not_trusted(
    tmp_path: pathlib.Path,
) -> None:
    """Its size is right, but its content may not be: it is sent again."""
    path, servers = root_file(tmp_path), RecordingServers()
    with secured(RecordingServers()) as well:
        well.session.get(URL, verify=path)
        garbled = fault_in(well, root_pem(), MIDDLE, "garble")
        lost = well.heard.index(b"+QFUPL:")
    silence = Fault("to_host", lost, "drop", count=40)
    with secured(servers, faults=[garbled, silence]) as made:
        assert made.session.get(URL, verify=path, timeout=(60, 5)).ok
        assert uploads(made) == 2
    assert [tls.ca_certificate for tls in servers.seen] == [root_pem()]


def test_a_name_that_exists_is_replaced(tmp_path: pathlib.Path) -> None:
    """407, if the list did not have it."""
    path, servers = root_file(tmp_path), RecordingServers()
    with secured(RecordingServers()) as well:
        well.session.get(URL, verify=path)
        (name,) = module_files(well.emulator)
        asked = well.written.index(b"AT+QFLST=")
    refused = Fault("from_host", asked + 1, "cme", code=417)
    with secured(servers, faults=[refused]) as made:
        made.emulator.module.files.create(name).extend(b"something else")
        assert made.session.get(URL, verify=path).ok
        assert b"+CME ERROR: 407" in made.heard
    assert servers.seen[0].ca_certificate == root_pem()


def test_two_files_of_one_name_replace_each_other(tmp_path: pathlib.Path) -> None:
    """Such files can be made. They may be different CAs."""
    servers, paths = RecordingServers(), colliding_files(tmp_path)
    contents = [pathlib.Path(path).read_bytes() for path in paths]
    assert authorities(paths[0]).name == authorities(paths[1]).name
    with secured(servers) as made:
        for path in (*paths, *paths):
            made.session.get(URL, verify=path)
    assert [tls.ca_certificate for tls in servers.seen] == contents * 2


def test_no_room(tmp_path: pathlib.Path) -> None:
    """The error names the bytes needed, and no file was sent."""
    servers = RecordingServers()
    with secured(servers) as made:
        made.emulator.module.files.create("big").extend(bytes(TOTAL - 100))
        text = f"room for 100 bytes, but needs {len(root_pem())}"
        with pytest.raises(requests.ConnectionError, match=text):
            made.session.get(URL, verify=root_file(tmp_path))
        assert uploads(made) == 0
    assert servers.seen == []


def test_progress(tmp_path: pathlib.Path) -> None:
    """The callback is called for each step, until the last byte."""
    heard: list[tuple[str, int, int]] = []
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(root_pem("Root") + root_pem("Other"))
    adapter = {"progress": lambda *step: heard.append(step), "rtscts": False}
    with secured(RecordingServers(), adapter=adapter) as made:
        made.session.get(URL, verify=str(bundle))
        (name,) = module_files(made.emulator)
    size = bundle.stat().st_size
    assert [step[1] for step in heard] == [1024, 2048, size]
    assert {(step[0], step[2]) for step in heard} == {(name, size)}


def test_files_of_others_are_left_alone(tmp_path: pathlib.Path) -> None:
    """The library does not touch files that it has not made."""
    with secured(RecordingServers()) as made:
        made.emulator.module.files.create("cacert.pem").extend(b"theirs")
        made.session.get(URL, verify=root_file(tmp_path))
        assert module_files(made.emulator)["cacert.pem"] == b"theirs"


def test_no_secret_is_logged(
    tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    """No level has the key or the PIN, even if an upload fails.

    The emulator's own log has all bytes of its line.
    """
    caplog.set_level(0)
    cert, key = client_files(tmp_path)
    path = root_file(tmp_path)
    secrets = [
        line
        for line in pathlib.Path(key).read_text().splitlines()
        if not line.startswith("-----")
    ]
    arguments: dict[str, Any] = {
        "sim": "pin",
        "pin": "7291",
        "adapter": {"pin": "7291"},
    }
    with secured(RecordingServers(), **arguments) as well:
        well.session.get(URL, verify=path, cert=(cert, key))
        fault = fault_in(well, pathlib.Path(key).read_bytes(), MIDDLE, "garble")
    with secured(RecordingServers(), faults=[fault], **arguments) as made:
        made.session.get(URL, verify=path, cert=(cert, key))
        assert secrets[3].encode() in made.written
        assert uploads(made) == 4
        shown = _shown(made)
    ours = [one for one in caplog.records if one.name != "requests_bg96.emulator"]
    logged = " ".join(f"{one.getMessage()} {one.args}" for one in ours)
    assert "QFUPL" in logged
    for secret in [*secrets, "7291"]:
        assert secret not in logged
        assert secret not in shown


def _shown(made: Rig) -> str:
    """What a debugger, or a traceback with variables, shows of the objects."""
    known = made.modem.engine.known
    return " ".join(map(repr, (made.adapter, made.modem, known)))
