"""The port as users of pyserial know it: speed, fragments and overflow."""

from __future__ import annotations

import threading
import time
from typing import Any, Callable, Iterator

import pytest
import serial

from requests_bg96.emulator import CallableNetwork, Emulator, VirtualClock
from requests_bg96.emulator.protocol_emulator import Serial
from tests.emulator.host import CONNECT, OK, Host, HostMaker, Servers, response


def open_port(url: str, **options: Any) -> Any:
    """Open a port at the module's speed."""
    options.setdefault("baudrate", 115200)
    return serial.serial_for_url(url, **options)


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """An emulator on virtual time."""
    with Emulator(clock=VirtualClock(), network=CallableNetwork(Servers())) as one:
        yield one


def test_a_private_emulator() -> None:
    with open_port("emulator://", timeout=5) as port:
        assert isinstance(port, Serial)
        port.write(b"AT\r")
        assert port.read(9) == b"AT\r" + OK


def test_private_emulators_are_apart() -> None:
    with open_port("emulator://", timeout=5) as one, open_port("emulator://") as other:
        one.write(b"ATE0\r")
        assert one.read(11) == b"ATE0\r" + OK
        other.timeout = 5
        other.write(b"AT\r")
        assert other.read(9) == b"AT\r" + OK


def test_options_in_the_url() -> None:
    url = "emulator://?model=BG77&fragment=1&prefix_key=true&sim=none&answer_delay=0.01"
    with open_port(url, timeout=5) as port:
        port.write(b"AT+GMM\r")
        assert port.read(21) == b"AT+GMM\r\r\nBG77\r\n" + OK
        assert port.in_waiting == 0


@pytest.mark.parametrize(
    "url",
    ["emulator://nobody", "emulator://?nonsense=1", "emulator://?chunked=maybe"],
)
def test_urls_that_lead_nowhere(url: str) -> None:
    with pytest.raises(serial.SerialException, match="could not open port"):
        open_port(url)


def test_one_program_at_a_time(emulator: Emulator) -> None:
    with open_port(emulator.url) as port:
        with pytest.raises(serial.SerialException, match="busy"):
            open_port(emulator.url)
        with pytest.raises(serial.SerialException, match="already open"):
            port.open()
    open_port(emulator.url).close()


def test_a_name_is_free_when_its_emulator_is_closed() -> None:
    with Emulator(name="mine") as one:
        assert one.url == "emulator://mine"
        open_port(one.url).close()
    with pytest.raises(serial.SerialException, match="no emulator"):
        open_port("emulator://mine")


def test_a_closed_port(emulator: Emulator) -> None:
    port = open_port(emulator.url)
    port.close()
    port.close()
    for use in (
        lambda: port.read(1),
        lambda: port.write(b"x"),
        lambda: port.in_waiting,
        port.flush,
        port.reset_input_buffer,
        lambda: port.cd,
    ):
        with pytest.raises(serial.PortNotOpenError):
            use()


def test_the_settings_of_the_module_outlive_the_port(emulator: Emulator) -> None:
    with open_port(emulator.url, timeout=1) as port:
        port.write(b"ATE0\r")
        port.read(100)
    with open_port(emulator.url, timeout=1) as port:
        port.write(b"AT\r")
        assert port.read(100) == OK


def test_what_was_said_to_nobody_is_lost(emulator: Emulator) -> None:
    with open_port(emulator.url) as port:
        port.write(b"AT\r")
    emulator.urc(b"RING")
    with open_port(emulator.url, timeout=1) as port:
        assert port.read(100) == b""


def test_the_timeout_bounds_a_read(emulator: Emulator) -> None:
    clock = emulator.clock
    with open_port(emulator.url, timeout=2.5) as port:
        start = clock.now()
        assert port.read(10) == b""
        assert clock.now() - start == pytest.approx(2.5)
        port.timeout = 0
        assert port.read(10) == b""
        assert clock.now() - start == pytest.approx(2.5)
        port.write(b"AT\r")
        assert port.read(4) == b"AT\r\r"
        port.timeout = None
        assert port.read(5) == b"\nOK\r\n"


def test_bytes_waiting(emulator: Emulator) -> None:
    with open_port(emulator.url, timeout=1) as port:
        assert port.in_waiting == 0
        port.write(b"AT\r")
        assert port.in_waiting == 9
        assert port.read(3) == b"AT\r"
        assert port.in_waiting == 6
        port.reset_input_buffer()
        assert port.in_waiting == 0


@pytest.mark.parametrize("data", [b"AT\r", bytearray(b"AT\r"), memoryview(b"AT\r")])
def test_what_can_be_written(emulator: Emulator, data: Any) -> None:
    with open_port(emulator.url, timeout=1) as port:
        assert port.write(data) == 3
        assert port.read(9) == b"AT\r" + OK
        with pytest.raises(TypeError):
            port.write("AT\r")


def test_lines_can_be_read(emulator: Emulator) -> None:
    with open_port(emulator.url, timeout=1) as port:
        port.write(b"AT+GMM\r")
        assert port.readline() == b"AT+GMM\r\r\n"
        assert port.readline() == b"BG96\r\n"
        assert port.read_until(b"OK\r\n") == b"\r\nOK\r\n"


def test_a_read_is_cancelled_from_another_thread() -> None:
    with Emulator() as emulator, open_port(emulator.url, timeout=20) as port:
        timer = threading.Timer(0.1, port.cancel_read)
        timer.start()
        start = time.monotonic()
        assert port.read(10) == b""
        assert time.monotonic() - start < 5
        timer.join()


def test_a_writer_wakes_a_reader() -> None:
    with Emulator() as emulator, open_port(emulator.url, timeout=20) as port:
        timer = threading.Timer(0.1, port.write, [b"AT\r"])
        timer.start()
        assert port.read(9) == b"AT\r" + OK
        timer.join()


def test_a_urc_from_another_thread_wakes_a_reader() -> None:
    with Emulator() as emulator, open_port(emulator.url, timeout=20) as port:
        timer = threading.Timer(0.1, emulator.urc, [b"RING"])
        timer.start()
        assert port.read(8) == b"\r\nRING\r\n"
        timer.join()


def test_unplugging(emulator: Emulator) -> None:
    port = open_port(emulator.url, timeout=1)
    emulator.unplug()
    uses: list[Callable[[], Any]] = [
        lambda: port.read(1),
        lambda: port.write(b"x"),
        lambda: port.in_waiting,
    ]
    for use in uses:
        with pytest.raises(serial.SerialException, match="disconnected"):
            use()
    with pytest.raises(serial.SerialException, match="unplugged"):
        open_port(emulator.url)
    emulator.plug()
    with pytest.raises(serial.SerialException, match="disconnected"):
        port.read(1)
    port.close()
    with open_port(emulator.url, timeout=1) as again:
        again.write(b"AT\r")
        assert again.read(9) == b"AT\r" + OK


def test_unplugging_wakes_a_reader() -> None:
    with Emulator() as emulator:
        port = open_port(emulator.url, timeout=20)
        timer = threading.Timer(0.1, emulator.unplug)
        timer.start()
        with pytest.raises(serial.SerialException, match="disconnected"):
            port.read(1)
        timer.join()
        port.close()


def test_the_wrong_speed_is_noise(make_host: HostMaker) -> None:
    host = make_host()
    host.port.baudrate = 9600
    heard = host.ask(b"AT\r", 1)
    assert b"OK" not in heard
    host.emulator.urc(b"RING")
    noise = host.hear()
    assert len(noise) == 8 and b"RING" not in noise
    host.port.baudrate = 115200
    assert host.ask(b"\rAT\r").endswith(OK)


def test_another_speed_counts_after_the_ok(make_host: HostMaker) -> None:
    host = make_host().quiet()
    assert host.ask(b"AT+IPR=921600\r") == OK
    assert OK not in host.ask(b"AT+IPR?\r")
    host.port.baudrate = 921600
    assert host.ask(b"\rAT+IPR?\r").endswith(b"\r\n+IPR: 921600\r\n" + OK)
    host.emulator.reset(urcs=False)
    host.hear(10)
    host.port.baudrate = 115200
    assert host.ask(b"AT\r") == b"AT\r" + OK


def test_a_stored_speed_outlives_a_reset(make_host: HostMaker) -> None:
    host = make_host().quiet()
    assert host.ask(b"AT+IPR=9600;&W\r") == OK
    host.emulator.reset(urcs=False)
    host.hear(10)
    host.port.baudrate = 9600
    assert host.ask(b"AT\r") == OK


@pytest.mark.parametrize("rate", [9600, 115200])
def test_a_speed_paces_both_directions(rate: int) -> None:
    with Host(baudrate=rate) as host:
        host.quiet()
        host.port.write(b"AT+IPR=%d\r" % rate)
        host.hear()
        host.port.baudrate = rate
        start = host.clock.now()
        assert host.port.write(b'AT+QFUPL="f",1000\r') == 18
        host.port.timeout = None
        assert host.port.read(len(CONNECT)) == CONNECT
        host.port.write(bytes(1000))
        answer = b"\r\n+QFUPL: 1000,0\r\n" + OK
        assert host.port.read(len(answer)) == answer
        passed = 18 + len(CONNECT) + 1000 + len(answer)
        assert host.clock.now() - start == pytest.approx(passed * 10 / rate, rel=0.02)


def test_a_long_write_waits_for_the_line(make_host: HostMaker) -> None:
    host = make_host(baudrate=115200)
    start = host.clock.now()
    assert host.port.write(b"x" * 20000) == 20000
    assert host.clock.now() - start == pytest.approx(15904 * 10 / 115200, rel=0.02)
    assert 4000 < host.port.out_waiting <= 4096
    host.port.flush()
    assert host.port.out_waiting == 0
    assert host.clock.now() - start == pytest.approx(20000 * 10 / 115200, rel=0.02)


def test_a_write_that_takes_too_long(make_host: HostMaker) -> None:
    host = make_host(baudrate=115200)
    host.port.write_timeout = 1
    with pytest.raises(serial.SerialTimeoutException):
        host.port.write(b"x" * 20000)


@pytest.mark.parametrize("fragment", [1, 7])
def test_fragments(make_host: HostMaker, fragment: int) -> None:
    host = make_host(fragment=fragment)
    host.port.write(b"AT+GMM\r")
    pieces = []
    while host.port.in_waiting:
        pieces.append(host.port.read(host.port.in_waiting))
    assert max(map(len, pieces)) == fragment
    assert b"".join(pieces) == b"AT+GMM\r\r\nBG96\r\n" + OK


def test_random_fragments_are_the_same_for_the_same_seed() -> None:
    def sizes(seed: int) -> list[int]:
        with Host(fragment="random", seed=seed) as host:
            host.port.write(b"AT+QHTTPCFG=?\r")
            found = []
            while host.port.in_waiting:
                found.append(len(host.port.read(host.port.in_waiting)))
            return found

    assert sizes(1) == sizes(1) != sizes(2)
    assert len(set(sizes(1))) > 2


def body_over_a_full_buffer(host: Host) -> bytes:
    """Return what is left of 9,000 bytes that nobody reads in time."""
    host.online()
    host.servers.answers.append(response(b"x" * 9000))
    assert b"0,200,9000" in host.ask(b"AT+QHTTPGET\r")
    host.send(b"AT+QHTTPREAD\r")
    host.clock.sleep(5)
    return host.hear(5)


def test_bytes_beyond_the_buffer_are_lost(make_host: HostMaker) -> None:
    heard = body_over_a_full_buffer(make_host(baudrate=115200, overflow=1000))
    assert heard == CONNECT + b"x" * (1000 - len(CONNECT))


def test_without_a_limit_nothing_is_lost(make_host: HostMaker) -> None:
    heard = body_over_a_full_buffer(make_host(baudrate=115200))
    assert heard.count(b"x") == 9000
    assert heard.endswith(OK + b"\r\n+QHTTPREAD: 0\r\n")


def test_flow_control_loses_nothing(make_host: HostMaker) -> None:
    host = make_host(baudrate=115200, overflow=1000)
    host.port.rtscts = True
    host.quiet(b"AT+IFC=2,2")
    heard = body_over_a_full_buffer(host)
    assert heard.count(b"x") == 9000


@pytest.mark.parametrize(
    "rtscts, command", [(True, b"AT+IFC=0,0"), (False, b"AT+IFC=2,2")]
)
def test_flow_control_needs_both_ends(
    make_host: HostMaker, rtscts: bool, command: bytes
) -> None:
    host = make_host(baudrate=115200, overflow=1000)
    host.port.rtscts = rtscts
    host.quiet(command)
    assert body_over_a_full_buffer(host).count(b"x") < 1000


def test_an_overflow_needs_a_speed() -> None:
    with pytest.raises(ValueError, match="baudrate"):
        Emulator(overflow=1000)


def test_control_lines(make_host: HostMaker) -> None:
    host = make_host()
    assert host.port.cts and host.port.dsr and not host.port.ri
    host.port.rts = False
    host.port.send_break(0)
    assert host.ask(b"AT\r") == b"AT\r" + OK


def test_closing_the_port_drops_dtr(make_host: HostMaker) -> None:
    host = make_host().quiet(b"AT&D1")
    assert host.ask(b'AT+QFUPL="f",10,60000\r') == CONNECT
    host.port.close()
    host.port.open()
    assert host.ask(b"AT\r") == OK


def test_the_dialogue_can_be_watched(caplog: pytest.LogCaptureFixture) -> None:
    seen: list[tuple[str, bytes]] = []
    caplog.set_level("DEBUG", "requests_bg96.emulator")
    with Host(on_line=lambda *line: seen.append(line)) as host:
        host.ask(b"AT\r")
    assert seen == [("from_host", b"AT\r"), ("to_host", b"AT\r" + OK)]
    assert [record.getMessage() for record in caplog.records] == [
        r"-> b'AT\r'",
        r"<- b'AT\r\r\nOK\r\n'",
    ]


def test_the_state_is_shown(emulator: Emulator) -> None:
    assert repr(emulator) == f"<Emulator {emulator.url} on>"
    emulator.power_off()
    assert repr(emulator) == f"<Emulator {emulator.url} off>"


def test_the_end_of_a_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that is closed then does not wait for a thread that was stopped."""
    with Emulator() as emulator:
        port = serial.serial_for_url(emulator.url)
        monkeypatch.setattr("sys.is_finalizing", lambda: True)
        closing = threading.Thread(target=port.close, daemon=True)
        with emulator.condition:
            closing.start()
            closing.join(10)
            assert not closing.is_alive()
        assert not port.is_open


def echoed(host: Host, count: int) -> bytes:
    """What comes back of characters that no command begins with."""
    return host.ask(b"u" * count, 1.0)


@pytest.mark.parametrize(
    ("noise", "least", "most"), [(0.02, 0.02, 0.06), (1.0, 0.9, 1)]
)
def test_a_line_with_noise_above_a_speed(
    make_host: HostMaker, noise: float, least: float, most: float
) -> None:
    """Each byte may change, on its way there and on its way back."""
    host = make_host(clean_to=460_800, noise=noise)
    assert host.ask(b"AT+IPR=460800\r").endswith(OK)
    host.port.baudrate = 460_800
    assert echoed(host, 1_000) == b"u" * 1_000
    host.ask(b"\r")
    assert host.ask(b"AT+IPR=921600\r").endswith(OK)
    host.port.baudrate = 921_600
    heard = echoed(host, 1_000)
    assert least <= 1 - heard.count(b"u") / 1_000 <= most
    # The speed before is still without noise.
    host.emulator.reset(urcs=False)
    host.hear(10)
    host.port.baudrate = 115_200
    assert host.ask(b"AT\r") == b"AT\r" + OK


def test_no_such_noise() -> None:
    with pytest.raises(ValueError, match="noise is 1.5: use 0 to 1"):
        Emulator(clean_to=9_600, noise=1.5)
