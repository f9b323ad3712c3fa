"""Every error number of HTTP manual 5, with its real cause if possible.

A loopback has no full cell, no incoming call and no lack of memory. For these, a fault
or a network fails with the number.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from requests_bg96.emulator import (
    Fault,
    Hangup,
    NetworkFailure,
    Refused,
    Silence,
    SocketNetwork,
    Switches,
    TlsFailure,
    Unresolvable,
)
from requests_bg96.emulator.results import CME_TEXTS
from tests.emulator.host import CONNECT, OK, HostMaker, cme, response
from tests.emulator.samples import AMAZON, ISRG

Scene = Callable[[HostMaker], bytes]

URL = b"http://example.org"


def failing(failure: Exception, url: bytes = URL) -> Scene:
    """A connection that fails. The result URC has the number."""

    def scene(make: HostMaker) -> bytes:
        host = make().online(url)
        host.servers.failures = [failure]
        return host.ask(b"AT+QHTTPGET\r").removeprefix(OK)

    return scene


def answered(*parts: Any) -> Scene:
    """A server with this answer."""

    def scene(make: HostMaker) -> bytes:
        host = make().online()
        host.servers.answers.append(list(parts))
        return host.ask(b"AT+QHTTPGET\r", 61).removeprefix(OK)

    return scene


def read(*parts: Any) -> Scene:
    """A read of the response until it ends or fails."""

    def scene(make: HostMaker) -> bytes:
        host = make().online()
        host.servers.answers.append(list(parts))
        assert b"+QHTTPGET: 0,200" in host.ask(b"AT+QHTTPGET\r")
        heard = host.ask(b"AT+QHTTPREAD\r", 61)
        return heard[heard.index(b"\r\n+CME") :]

    return scene


def read_too_early(make: HostMaker) -> bytes:
    """703: before the URC."""
    host = make().online()
    assert host.ask(b"AT+QHTTPGET\r") == OK
    return host.ask(b"AT+QHTTPREAD\r")


def two_ports(make: HostMaker) -> bytes:
    """704: another port is in data mode."""
    host = make().online()
    with host.emulator.other_port_in_data_mode():
        return host.ask(b"AT+QHTTPPOST=2,60,60\r")


def read_unasked(make: HostMaker) -> bytes:
    """705: there was no request."""
    return make().online().ask(b"AT+QHTTPREAD\r")


def context_down(make: HostMaker) -> bytes:
    """709: the context was deactivated after the request."""
    host = make().online().quiet(b"AT+QIDEACT=1")
    return host.ask(b"AT+QHTTPGET\r")


def no_scheme(make: HostMaker) -> bytes:
    """711: the text is not a URL of HTTP."""
    host = make().quiet(b"AT+QIACT=1")
    assert host.ask(b"AT+QHTTPURL=11\r") == CONNECT
    return host.ask(b"example.org")


def no_url(make: HostMaker) -> bytes:
    """712: no URL was set."""
    return make().quiet(b"AT+QIACT=1").ask(b"AT+QHTTPGET\r")


def too_short(number: Any) -> Scene:
    """Too few bytes within the time; the firmware decides the number."""

    def scene(make: HostMaker) -> bytes:
        host = make(switches=Switches(input_timeout=number)).online()
        assert host.ask(b"AT+QHTTPPOST=20,5,60\r") == CONNECT
        return host.ask(b"too short", 6)

    return scene


def silent_728(make: HostMaker) -> bytes:
    """728: no response; this firmware has a number of its own for that."""
    host = make(switches=Switches(response_timeout=728)).online()
    return host.ask(b"AT+QHTTPGET=5\r", 6).removeprefix(OK)


def wrong_parameter(make: HostMaker) -> bytes:
    """730: out of its range."""
    return make().online().ask(b"AT+QHTTPREAD=65536\r")


def forced(number: int) -> Scene:
    """A fault: the command in progress fails with the number."""

    def scene(make: HostMaker) -> bytes:
        fault = Fault("from_host", len(b"ATE0\rAT+"), "cme", code=number)
        host = make(faults=[fault]).quiet()
        return host.ask(b"AT+QHTTPPOST=2,60,60\r")

    return scene


BROKEN = response(b"", b"Content-Length: 4")

SCENES: dict[str, tuple[int, Scene]] = {
    "701 by a handshake that fails": (701, failing(TlsFailure(), b"https://x.org")),
    "702 by a silent server": (702, answered(Silence())),
    "703 by a read before the URC": (703, read_too_early),
    "704 by two ports in data mode": (704, two_ports),
    "705 by a read without request": (705, read_unasked),
    "706 by a network that fails so": (706, failing(NetworkFailure(706))),
    "706 by a fault": (706, forced(706)),
    "707 by a network that fails so": (707, failing(NetworkFailure(707))),
    "708 by a network that fails so": (708, failing(NetworkFailure(708))),
    "709 by a context that is down": (709, context_down),
    "710 by a network that fails": (710, failing(NetworkFailure())),
    "711 by a URL without scheme": (711, no_scheme),
    "712 by no URL": (712, no_url),
    "713 by an address that is none": (713, failing(Refused(), b"http://192.0.2.256")),
    "714 by a name without address": (714, failing(Unresolvable())),
    "715 by a network that fails so": (715, failing(NetworkFailure(715))),
    "715 by a fault": (715, forced(715)),
    "716 by a port that refuses": (716, failing(Refused())),
    "717 by a server that hangs up": (717, read(BROKEN, b"ab", Hangup(reset=True))),
    "718 by a network that fails so": (718, failing(NetworkFailure(718))),
    "719 by a server without a word": (719, answered(Hangup())),
    "720 by a fault": (720, forced(720)),
    "721 by chunks that are none": (
        721,
        read(response(b"zz\r\n", b"Transfer-Encoding: chunked")),
    ),
    "722 by a body that stalls": (722, read(BROKEN, b"ab", Silence())),
    "723 by what is no response": (723, answered(b"220 Welcome\r\n\r\n")),
    "724 by a fault": (724, forced(724)),
    "725 by a fault": (725, forced(725)),
    "726 by too few bytes": (726, too_short(726)),
    "727 by too few bytes": (727, too_short(727)),
    "728 by a silent server": (728, silent_728),
    "729 by a head without end": (
        729,
        answered(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70000, Silence()),
    ),
    "730 by a wrong parameter": (730, wrong_parameter),
}


@pytest.mark.parametrize("scene", SCENES)
def test_what_provokes_it(make_host: HostMaker, scene: str) -> None:
    number, play = SCENES[scene]
    assert play(make_host) in (cme(number), b"\r\n+QHTTPGET: %d\r\n" % number)


def test_every_number_is_provoked() -> None:
    numbers = {number for number, _ in SCENES.values()}
    assert numbers == {number for number in CME_TEXTS if number > 700}
    assert numbers == set(range(701, 731))


@pytest.mark.parametrize(
    "host_name, expected",
    [
        (b"1.2.3", b"713"),
        (b"1.2.3.4.5", b"713"),
        (b"300", b"713"),
        (b"192.0.2.1", b"0,200,0"),
        (b"4.example", b"0,200,0"),
        (b"[2001:db8::1]", b"0,200,0"),
    ],
)
def test_wrong_addresses(
    make_host: HostMaker, host_name: bytes, expected: bytes
) -> None:
    host = make_host().online(b"http://" + host_name)
    host.servers.answers.append(response())
    assert host.ask(b"AT+QHTTPGET\r") == OK + b"\r\n+QHTTPGET: %b\r\n" % expected


@pytest.mark.parametrize("command", [b"+QHTTPURL=10", b"+QHTTPREAD", b"+QHTTPGET=9,9"])
def test_one_port_in_data_mode_at_a_time(make_host: HostMaker, command: bytes) -> None:
    """After that, the command works."""
    host = make_host().online(requestheader=1)
    with host.emulator.other_port_in_data_mode():
        assert host.ask(b"AT" + command + b"\r") == cme(704)
        assert host.ask(b"AT+QHTTPURL?\r").endswith(OK)
    assert host.ask(b"AT" + command + b"\r") in (CONNECT, cme(705))


def test_a_get_that_needs_no_data_mode(make_host: HostMaker) -> None:
    host = make_host().online()
    host.servers.answers.append(response())
    with host.emulator.other_port_in_data_mode():
        assert b"+QHTTPGET: 0,200,0" in host.ask(b"AT+QHTTPGET\r")


# Each number can be in a result URC, too.


@pytest.mark.parametrize("number", range(701, 731))
@pytest.mark.parametrize("late", [False, True])
def test_a_server_that_fails_with_a_number(
    make_host: HostMaker, number: int, late: bool
) -> None:
    def parts() -> Iterator[bytes]:
        if late:
            yield BROKEN + b"ab"
        raise NetworkFailure(number)

    host = make_host().online()
    host.servers.answers.append(parts())
    result = host.ask(b"AT+QHTTPGET\r")
    if late:
        assert result == OK + b"\r\n+QHTTPGET: 0,200,4\r\n"
        assert host.ask(b"AT+QHTTPREAD\r") == CONNECT + b"ab" + cme(number)
    else:
        assert result == OK + b"\r\n+QHTTPGET: %d\r\n" % number


# The connection breaks while the request is sent (718), with real sockets.


@contextlib.contextmanager
def resetting_server(reset: threading.Event) -> Iterator[int]:
    """The port of a server that resets the connection during a request."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1)
                abort = struct.pack("ii", 1, 0)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, abort)
            reset.set()

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


def test_a_connection_that_breaks_while_the_request_goes_out(
    make_host: HostMaker,
) -> None:
    reset = threading.Event()
    with resetting_server(reset) as port:
        network = SocketNetwork()
        host = make_host(network=network).online(b"http://127.0.0.1:%d/" % port)
        assert host.ask(b"AT+QHTTPPOST=4,60,60\r", 1) == CONNECT
        assert host.ask(b"ab") == b""
        assert reset.wait(10)
        # The system reports the reset a little later; virtual time can wait.
        for _ in range(100):
            exchange = host.emulator.module.http.exchange
            assert exchange is not None
            if exchange.when() <= host.clock.now():
                break
            host.hear(0.1)
        assert host.ask(b"cd", 1) == OK + b"\r\n+QHTTPPOST: 718\r\n"


# Numbers that depend on the firmware


@pytest.mark.parametrize("number", [726, 702, 722, 727, 728])
def test_the_number_of_an_input_that_is_too_short(
    make_host: HostMaker, number: Any
) -> None:
    host = make_host(switches=Switches(input_timeout=number)).quiet()
    assert host.ask(b"AT+QHTTPURL=20,2\r") == CONNECT
    assert host.ask(b"http", 3) == cme(number)


@pytest.mark.parametrize("number", [722, 702, 727])
def test_the_number_of_a_body_that_stalls(make_host: HostMaker, number: Any) -> None:
    host = make_host(switches=Switches(read_timeout=number)).online()
    for command, result in (
        (b"AT+QHTTPREAD=1\r", CONNECT + b"ab" + cme(number)),
        (b'AT+QHTTPREADFILE="f",1\r', OK + b"\r\n+QHTTPREADFILE: %d\r\n" % number),
    ):
        host.servers.answers.append([BROKEN, b"ab", Silence()])
        host.ask(b"AT+QHTTPGET\r")
        assert host.ask(command, 2) == result


@pytest.mark.parametrize("number", [714, 716])
def test_the_number_of_a_name_without_address(
    make_host: HostMaker, number: Any
) -> None:
    host = make_host(switches=Switches(dns_error=number)).online()
    host.servers.failures = [Unresolvable()]
    assert host.ask(b"AT+QHTTPPOST=2,60,60\r") == cme(number)


def test_a_lone_input_time(make_host: HostMaker) -> None:
    assert make_host().online().ask(b"AT+QHTTPPOST=2,60\r") == cme(730)
    host = make_host(switches=Switches(lone_input_time=True)).online()
    assert host.ask(b"AT+QHTTPPOST=2,5\r") == CONNECT
    assert host.ask(b"", 6) == cme(726)


@pytest.mark.parametrize("stored, result", [("replaced", OK), ("refused", cme(407))])
def test_a_response_to_a_file_that_is_there(
    make_host: HostMaker, stored: Any, result: bytes
) -> None:
    host = make_host(switches=Switches(stored_response=stored)).online()
    assert host.ask(b'AT+QFUPL="f",2\r') == CONNECT
    assert host.ask(b"ab").endswith(OK)
    host.servers.answers.append(response(b"new"))
    host.ask(b"AT+QHTTPGET\r")
    heard = host.ask(b'AT+QHTTPREADFILE="f"\r')
    assert heard.startswith(result)
    assert (b"+QHTTPREADFILE: 0" in heard) == (stored == "replaced")


@pytest.mark.parametrize("short", ["ok", "error"])
def test_an_upload_that_is_too_short(make_host: HostMaker, short: Any) -> None:
    host = make_host(switches=Switches(short_upload=short)).quiet()
    assert host.ask(b'AT+QFUPL="f",4,2\r') == CONNECT
    heard = host.ask(b"12", 3)
    assert heard == (cme(421) if short == "error" else b"\r\n+QFUPL: 2,3132\r\n" + OK)
    assert b'"f",2' in host.ask(b"AT+QFLST\r")


def test_a_result_without_status(make_host: HostMaker) -> None:
    host = make_host(switches=Switches(result_fields="error")).online()
    host.servers.answers.append(response(b"x"))
    assert host.ask(b"AT+QHTTPGET\r") == OK + b"\r\n+QHTTPGET: 0\r\n"


# More numbers that depend on the firmware


@pytest.mark.parametrize("end, between", [("line", b"\r\n"), ("bare", b"")])
def test_what_follows_a_file(make_host: HostMaker, end: Any, between: bytes) -> None:
    host = make_host(switches=Switches(download_end=end)).quiet()
    assert host.ask(b'AT+QFUPL="f",2\r') == CONNECT
    host.ask(b"12")
    assert host.ask(b'AT+QFDWL="f"\r') == (
        CONNECT + b"12" + between + b"+QFDWL: 2,3132\r\n" + OK
    )


def redirect(location: bytes, status: bytes = b"302 Found") -> bytes:
    """A redirect."""
    return response(b"", b"Location: " + location, status=status)


@pytest.mark.parametrize("own", [0, 1])
@pytest.mark.parametrize("redirects", ["handed_on", "followed"])
def test_redirects(make_host: HostMaker, redirects: Any, own: int) -> None:
    """A firmware may follow them, if the module made the head."""
    host = make_host(switches=Switches(redirects=redirects)).online(requestheader=own)
    host.servers.answers += [redirect(b"https://other.example/there"), response(b"x")]
    data = b"GET / HTTP/1.1\r\n\r\n"
    heard = host.ask(b"AT+QHTTPGET=60,%d\r" % len(data) if own else b"AT+QHTTPGET\r")
    heard += host.ask(data) if own else b""
    followed = redirects == "followed" and not own
    assert heard.endswith(b"0,200,1\r\n" if followed else b"0,302,0\r\n")
    there = [("example.org", 80), ("other.example", 443)]
    assert host.servers.connections == there[: 1 + followed]
    if followed:
        assert host.servers.requests[1].data.startswith(
            b"GET /there HTTP/1.1\r\nHost: "
        )
        assert host.ask(b"AT+QHTTPREAD\r").startswith(CONNECT + b"x")


@pytest.mark.parametrize(
    "answers, result",
    [
        ([redirect(b"/relative")], b"711"),
        ([redirect(b"http://example.org/again")] * 9, b"0,302,0"),
        ([redirect(b"http://192.0.2.300/")], b"713"),
        ([redirect(b"http://other.example/"), [Hangup()]], b"719"),
    ],
)
def test_redirects_that_lead_nowhere(
    make_host: HostMaker, answers: list[Any], result: bytes
) -> None:
    host = make_host(switches=Switches(redirects="followed")).online()
    host.servers.answers += answers
    assert host.ask(b"AT+QHTTPGET\r") == OK + b"\r\n+QHTTPGET: %b\r\n" % result
    assert len(host.servers.requests) <= 6


def test_commands_of_later_firmwares(make_host: HostMaker) -> None:
    host = make_host(switches=Switches(later_commands=True)).online()
    assert host.ask(b"AT+QHTTPPUT=?\r") == (
        b"\r\n+QHTTPPUT: (1-1024000),(1-65535),(1-65535)\r\n" + OK
    )
    host.servers.answers.append(response(b"", status=b"201 Created"))
    assert host.ask(b"AT+QHTTPPUT=2,60,60\r") == CONNECT
    assert host.ask(b"hi") == OK + b"\r\n+QHTTPPUT: 0,201,0\r\n"
    assert host.servers.requests[0].data.startswith(b"PUT /path HTTP/1.1\r\n")
    assert host.ask(b"AT+QHTTPSTOP=?\r") == OK
    assert host.ask(b"AT+QHTTPSTOP\r") == OK
    assert host.ask(b"AT+QHTTPREAD\r") == cme(705)
    assert host.ask(b"AT+QHTTPGET\r") == OK
    assert host.ask(b"AT+QHTTPSTOP\r") == OK + b"\r\n+QHTTPGET: 719\r\n"


@pytest.mark.parametrize(
    "command", [b"PUT=?", b"PUT=2,60,60", b"STOP=?", b"STOP", b"STOP=1"]
)
def test_commands_that_this_firmware_lacks(
    make_host: HostMaker, command: bytes
) -> None:
    host = make_host().online()
    assert host.ask(b"AT+QHTTP" + command + b"\r") == b"\r\nERROR\r\n"


@pytest.mark.parametrize("bundle, count", [("whole", 2), ("first", 1)])
def test_how_much_of_a_ca_file_counts(
    make_host: HostMaker, bundle: Any, count: int
) -> None:
    host = make_host(switches=Switches(ca_bundle=bundle)).quiet()
    content = AMAZON + ISRG
    assert host.ask(b'AT+QFUPL="ca.pem",%d\r' % len(content)) == CONNECT
    host.ask(content)
    assert host.ask(b'AT+QSSLCFG="cacert",1,"ca.pem"\r') == OK
    read = host.emulator.module.tls_settings().ca_certificate
    assert read == content[: len(AMAZON) if count == 1 else len(content)]
