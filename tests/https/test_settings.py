"""The module's TLS settings: as asked, read back, and not believed for long."""

from __future__ import annotations

import datetime
import pathlib
from typing import Any

import pytest
import requests

from requests_bg96 import BG96Adapter
from requests_bg96.emulator import Fault, Switches
from tests.https_support import (
    LATER,
    URL,
    RecordingServers,
    client_files,
    flipping_seed,
    root_file,
    root_pem,
    secured,
)
from tests.support import Rig

#: A firmware that does not report a restart.
MUTE = Switches(sni_checkhost=True, boot_urcs="none", echo_after_reset=False)


def assert_checked(servers: RecordingServers) -> None:
    """Check that each connection had every check, with the right CA."""
    for tls in servers.seen:
        assert (tls.level, tls.check_host, tls.server_name) == (1, True, True)
        assert (tls.ignore_time, tls.ignore_chain) == (False, False)
        assert (tls.version, tls.cipher_suite) == (3, 0xFFFF)
        assert tls.ca_certificate == root_pem()


def test_the_settings(tmp_path: pathlib.Path) -> None:
    """All checks are on, and no setting is left as it was."""
    servers = RecordingServers()
    with secured(servers) as made:
        made.session.get(URL, verify=root_file(tmp_path), timeout=(100, 5))
    assert_checked(servers)
    assert servers.seen[0].negotiate_time == 50


@pytest.mark.parametrize(("seconds", "told"), [(5, 10), (30, 15), (900, 300)])
def test_the_time_for_the_handshake(
    tmp_path: pathlib.Path, seconds: float, told: int
) -> None:
    """Half of the connect timeout, within the module's range."""
    servers = RecordingServers()
    with secured(servers) as made:
        made.session.get(URL, verify=root_file(tmp_path), timeout=(seconds, 5))
    assert servers.seen[0].negotiate_time == told


def test_arguments_of_the_adapter(tmp_path: pathlib.Path) -> None:
    """Version, suite and context are those of the caller."""
    servers = RecordingServers()
    adapter = {"sslversion": 4, "ciphersuite": "0xc02f", "ssl_context_id": 5}
    with secured(servers, adapter=adapter) as made:
        made.session.get(URL, verify=root_file(tmp_path))
    (tls,) = servers.seen
    assert (tls.version, tls.cipher_suite, tls.level) == (4, 0xC02F, 1)


def test_a_suite_that_the_module_lacks(tmp_path: pathlib.Path) -> None:
    """The error says so, and nothing is sent."""
    servers = RecordingServers()
    with secured(servers, adapter={"ciphersuite": "0X1301"}) as made:
        with pytest.raises(requests.exceptions.SSLError, match="ciphersuite"):
            made.session.get(URL, verify=root_file(tmp_path))
    assert servers.seen == []


def test_what_was_set_before_is_set_right(tmp_path: pathlib.Path) -> None:
    """The settings of another program are changed."""
    servers = RecordingServers()
    with secured(servers) as made:
        made.emulator.module.tls[1].update(ignorecertchain=1, seclevel=0, sni=0)
        made.session.get(URL, verify=root_file(tmp_path))
        made.modem.command('AT+QSSLCFG="ignorecertchain",1,1')
        made.modem.command('AT+QSSLCFG="checkhost",1,0')
        made.modem.command('AT+QHTTPCFG="sslctxid",2')
        made.session.get(URL, verify=root_file(tmp_path))
    assert len(servers.seen) == 2
    assert_checked(servers)


# Noise


@pytest.mark.parametrize(
    ("line", "value"),
    [
        (b'+QSSLCFG="seclevel",1,', b"1"),
        (b'+QSSLCFG="checkhost",1,', b"1"),
        (b'+QSSLCFG="ignorelocaltime",1,', b"0"),
        (b'+QSSLCFG="ignorecertchain",1,', b"0"),
        (b'+QSSLCFG="sslversion",1,', b"3"),
        (b'+QHTTPCFG="sslctxid",', b"2"),
    ],
)
def test_a_value_that_noise_has_changed_is_noticed(
    tmp_path: pathlib.Path, line: bytes, value: bytes
) -> None:
    """It is written again, before anything is sent."""
    path, servers = root_file(tmp_path), RecordingServers()
    settings = {"ssl_context_id": 2} if b"QHTTPCFG" in line else {}
    if settings:
        line = line.replace(b",1,", b",2,")
    with secured(RecordingServers(), adapter=settings) as well:
        well.session.get(URL, verify=path)
        offset = well.written.index(line + value) + len(line)
    garbled = Fault("from_host", offset, "garble")
    with secured(
        servers, adapter=settings, faults=[garbled], seed=flipping_seed(1)
    ) as made:
        assert made.session.get(URL, verify=path).ok
        # The module's values: once changed by noise, and once repaired.
        changed = bytes([value[0] ^ 1])
        assert made.written.index(line + changed) < made.written.index(line + value)
    assert_checked(servers)


# The other bytes are hit where the host must be checked, as it must by default.
@pytest.mark.parametrize(("accepted", "seed"), [(False, 0), (False, 1), (True, 0)])
def test_no_noise_makes_a_connection_less_checked(
    tmp_path: pathlib.Path, accepted: bool, seed: int
) -> None:
    """The noise is at any byte of the dialogue, in both directions."""
    path = root_file(tmp_path)
    adapter = {"allow_unchecked_host": accepted}
    with secured(RecordingServers(), adapter=adapter) as well:
        well.session.get(URL, verify=path)
        upload = well.written.index(root_pem())
        sizes = {"from_host": len(well.written), "to_host": len(well.heard)}
    connections = 0
    for way, size in sizes.items():
        for offset in range(seed, size, 41):
            inside = upload + 20 < offset < upload + len(root_pem())
            if way == "from_host" and inside:
                continue
            servers = RecordingServers()
            fault = Fault(way, offset, "garble")  # type: ignore[arg-type]
            with secured(
                servers, adapter=adapter, faults=[fault], seed=seed * 1000 + offset
            ) as made:
                _try(made, path)
            assert_checked(servers)
            assert set(servers.hosts) <= {"server.example"}
            connections += len(servers.seen)
    assert connections > 8


def _try(made: Rig, path: str) -> None:
    for _ in range(2):
        try:
            made.session.get(URL, verify=path, timeout=(60, 5))
        except (requests.RequestException, OSError):
            continue


def test_a_url_that_noise_has_changed_is_noticed(tmp_path: pathlib.Path) -> None:
    """A host with that name may exist, with a certificate."""
    path, servers = root_file(tmp_path), RecordingServers()
    with secured(RecordingServers()) as well:
        well.session.get(URL, verify=path)
        offset = well.written.index(URL.encode()) + len("https://serve")
    garbled = Fault("from_host", offset, "garble")
    with secured(servers, faults=[garbled], seed=flipping_seed(2)) as made:
        assert made.session.get(URL, verify=path).ok
        assert b"https://servep.example/" in made.written
    assert servers.hosts == ["server.example"]


# Restarts


@pytest.mark.parametrize("switches", [LATER, MUTE], ids=["telling", "mute"])
@pytest.mark.parametrize("pause", [0.0, 1.0, 4.0, 60.0])
@pytest.mark.parametrize("urcs", [False, True])
def test_a_module_that_was_reset_is_set_up_again(
    tmp_path: pathlib.Path, switches: Switches, pause: float, urcs: bool
) -> None:
    """Its settings are gone. No request uses those of a start."""
    servers = RecordingServers()
    with secured(servers, switches) as made:
        path = root_file(tmp_path)
        made.session.get(URL, verify=path)
        made.emulator.reset(urcs)
        made.clock.sleep(pause)
        _try(made, path)
        made.clock.sleep(60)
        assert made.session.get(URL, verify=path).ok
        assert made.emulator.module.tls[1]["seclevel"] == 1
    assert len(servers.seen) >= 2
    assert_checked(servers)


def test_a_reset_at_any_moment(tmp_path: pathlib.Path) -> None:
    """Even inside the dialogue, if the module does not report it."""
    path = root_file(tmp_path)
    with secured(RecordingServers(), MUTE) as well:
        well.session.get(URL, verify=path)
        size = len(well.written)
    connections = 0
    for offset in range(0, size, 31):
        servers = RecordingServers()
        fault = Fault("from_host", offset, "reset_quiet")
        with secured(servers, MUTE, faults=[fault]) as made:
            _try(made, path)
        assert_checked(servers)
        connections += len(servers.seen)
    assert connections > 8


# The clock


def _module_time(made: Rig) -> datetime.datetime:
    """The module's time in UTC."""
    module = made.emulator.module
    return module.store.utc(module.scheduler.now)


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)


def test_a_clock_that_is_far_off_is_set(tmp_path: pathlib.Path) -> None:
    """As after a loss of supply. It is not set again."""
    with secured(RecordingServers()) as made:
        assert _module_time(made).year == 2008
        for _ in range(2):
            made.session.get(URL, verify=root_file(tmp_path))
        assert abs(_module_time(made) - _now()) < datetime.timedelta(minutes=1)
        assert made.written.count(b"AT+CCLK=") == 1


@pytest.mark.parametrize("hours", [-23, 23])
@pytest.mark.parametrize("zone", [-16, 0, 32])
def test_a_clock_that_is_right_by_a_day_is_left(
    tmp_path: pathlib.Path, hours: int, zone: int
) -> None:
    """The module may have any time zone."""
    with secured(RecordingServers()) as made:
        local = _now() + datetime.timedelta(hours=hours, minutes=15 * zone)
        made.emulator.module.store.set_time(local, zone, made.clock.now())
        made.session.get(URL, verify=root_file(tmp_path))
        assert b"AT+CCLK?" in made.written
        assert b"AT+CCLK=" not in made.written


def test_a_clock_is_looked_at_again_after_a_loss_of_supply(
    tmp_path: pathlib.Path,
) -> None:
    """Even if the module has not reported it."""
    with secured(RecordingServers(), MUTE) as made:
        made.session.get(URL, verify=root_file(tmp_path))
        made.emulator.reset(urcs=False)
        made.emulator.module.store.set_time(
            datetime.datetime(2008, 1, 4), 0, made.clock.now()
        )
        made.clock.sleep(3600)
        made.session.get(URL, verify=root_file(tmp_path))
        assert abs(_module_time(made) - _now()) < datetime.timedelta(minutes=1)


def test_the_clock_is_left_alone_on_request(tmp_path: pathlib.Path) -> None:
    """Then the module uses its own time."""
    servers = RecordingServers()
    with secured(servers, adapter={"set_clock": False}) as made:
        made.session.get(URL, verify=root_file(tmp_path))
        assert b"CCLK" not in made.written
    assert servers.seen[0].time is not None and servers.seen[0].time.year == 2008
    assert_checked(servers)


def test_the_clock_does_not_matter_where_nothing_is_checked() -> None:
    """It is not set."""
    with secured(RecordingServers()) as made:
        with pytest.warns(match="Unverified"):
            made.session.get(URL, verify=False)
        assert b"CCLK" not in made.written


# Checks that the module cannot make


class Pinning(BG96Adapter):
    """An adapter that passes settings to its pools, as urllib3 allows."""

    wish: dict[str, Any] = {}

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the manager."""
        super().init_poolmanager(*args, **{**kwargs, **self.wish})


@pytest.mark.parametrize(
    "wish",
    [
        {"assert_fingerprint": "00" * 32},
        {"assert_hostname": "other.example"},
        {"server_hostname": "other.example"},
        {"key_password": "secret"},
    ],
    ids=lambda wish: next(iter(wish)),
)
def test_what_only_this_machine_could_check_is_refused(
    tmp_path: pathlib.Path, wish: dict[str, str]
) -> None:
    """Otherwise a caller would believe that it was checked."""
    servers = RecordingServers()
    with secured(servers) as made:
        adapter = type("Wishing", (Pinning,), {"wish": wish})
        made.session.mount("https://", adapter(made.emulator.url, clock=made.clock))
        with pytest.raises(requests.exceptions.SSLError, match=next(iter(wish))):
            made.session.get(URL, verify=root_file(tmp_path))
    assert servers.seen == []


def test_a_client_certificate_needs_its_key(tmp_path: pathlib.Path) -> None:
    """A file without one is refused, as by stock requests."""
    cert, _ = client_files(tmp_path)
    with secured(RecordingServers()) as made:
        with pytest.raises(requests.exceptions.SSLError, match="no PEM private key"):
            made.session.get(URL, verify=root_file(tmp_path), cert=cert)
