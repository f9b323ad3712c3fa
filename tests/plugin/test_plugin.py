"""A product's tests, run by the plugin as its developers would run them."""

from __future__ import annotations

import subprocess
import sys

import pytest

#: A network that answers each request, for the products below.
NETWORK = """
import pytest
from requests_bg96.emulator import CallableNetwork

@pytest.fixture
def bg96_network():
    return CallableNetwork(
        lambda request: b"HTTP/1.1 200 OK\\r\\nContent-Length: 5\\r\\n\\r\\nhello"
    )
"""


def outcomes(pytester: pytest.Pytester, test: str, *options: str) -> pytest.RunResult:
    """Run one file of tests with that network, and return what came of it."""
    pytester.makeconftest(NETWORK)
    pytester.makepyfile(test)
    return pytester.runpytest("-p", "no:xdist", "--strict-markers", *options)


def test_a_session(pytester: pytest.Pytester) -> None:
    """A test gets a session, and what it asks for goes over the emulator."""
    outcomes(
        pytester,
        """
        def test_it(bg96_session, bg96_emulator):
            assert bg96_session.get("http://a.example/").text == "hello"
            assert bg96_emulator.exchanges == 1
        """,
    ).assert_outcomes(passed=1)


def test_one_line_for_a_whole_project(pytester: pytest.Pytester) -> None:
    """With pytest's own ``usefixtures``, no test of a product changes."""
    pytester.makeini("[pytest]\nusefixtures = bg96_installed\n")
    outcomes(
        pytester,
        """
        import requests

        def test_it():
            assert requests.get("http://a.example/").text == "hello"
        """,
    ).assert_outcomes(passed=1)


def test_the_adapter_ends_with_the_test(pytester: pytest.Pytester) -> None:
    """The next test has a modem of its own, and stock requests is as before."""
    outcomes(
        pytester,
        """
        import requests

        names = set()

        def test_one(bg96_installed):
            requests.get("http://a.example/")
            names.add(bg96_installed.modem.port)

        def test_two(bg96_installed):
            requests.get("http://a.example/")
            names.add(bg96_installed.modem.port)
            assert len(names) == 2

        def test_none():
            adapter = requests.Session().get_adapter("http://a.example/")
            assert type(adapter) is requests.adapters.HTTPAdapter
        """,
    ).assert_outcomes(passed=3)


def test_the_network_of_this_machine(pytester: pytest.Pytester) -> None:
    """Without a network of its own, a product reaches its server on localhost."""
    pytester.makepyfile("""
        import http.server
        import threading

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(204)
                self.end_headers()

            def log_message(self, *args):
                pass

        def test_it(bg96_session):
            with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
                thread = threading.Thread(target=server.handle_request)
                thread.start()
                url = f"http://127.0.0.1:{server.server_port}/"
                assert bg96_session.get(url).status_code == 204
                thread.join()
        """)
    pytester.runpytest("-p", "no:xdist").assert_outcomes(passed=1)


def test_a_virtual_clock(pytester: pytest.Pytester) -> None:
    """The emulator, the adapter and the test share it, so no wait takes real time."""
    outcomes(
        pytester,
        """
        import time
        import pytest
        import requests

        @pytest.mark.bg96(registration="searching")
        def test_it(bg96_session, bg96_clock):
            began = time.monotonic()
            with pytest.raises(requests.ConnectionError):
                bg96_session.get("http://a.example/", timeout=600)
            assert bg96_clock.now() >= 500
            assert time.monotonic() - began < 60
        """,
    ).assert_outcomes(passed=1)


def test_settings(pytester: pytest.Pytester) -> None:
    """A fixture of the product gives the arguments of the adapter."""
    outcomes(
        pytester,
        """
        import pytest

        @pytest.fixture
        def bg96_settings():
            return {"apn": "iot.example"}

        @pytest.mark.bg96(apn="iot.example")
        def test_right(bg96_session):
            assert bg96_session.get("http://a.example/").ok

        @pytest.mark.bg96(apn="another.example")
        def test_wrong(bg96_session, bg96_clock):
            with pytest.raises(OSError):
                bg96_session.get("http://a.example/")
        """,
    ).assert_outcomes(passed=2)


def test_the_closest_marker_counts(pytester: pytest.Pytester) -> None:
    """Parameters and switches of a module, a class and a function add up."""
    outcomes(
        pytester,
        """
        import pytest
        from requests_bg96.emulator import Switches

        pytestmark = pytest.mark.bg96(
            switches=Switches(second_read=705), model="BG95", sim="ready"
        )

        @pytest.mark.bg96(chunked="raw", model="BG77")
        class TestIt:
            @pytest.mark.bg96(model="BG96")
            def test_it(self, bg96_emulator):
                module = bg96_emulator.module
                assert module.model == "BG96"
                assert module.switches == Switches(second_read=705, chunked="raw")
        """,
    ).assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("marker", "told"),
    [
        ("bg96(speed=9600)", "*test_it: neither the emulator nor its firmware has *"),
        ("bg96(9600)", "*test_it: name the options of bg96()*"),
        ("bg96(chunked='no')", "*chunked*"),
    ],
)
def test_a_wrong_marker(pytester: pytest.Pytester, marker: str, told: str) -> None:
    """It is an error of this test that names what is wrong."""
    result = outcomes(
        pytester,
        f"""
        import pytest

        @pytest.mark.{marker}
        def test_it(bg96_session):
            pass
        """,
    )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([told])


FAILING = """
def test_it(bg96_session):
    bg96_session.post("http://a.example/?key=S3CRET", data="S3CRET\\r\\nAT+CPIN=1234")
    bg96_session.adapters["http://"].modem.command('AT+QICSGP=1,1,"S3CRET"')
    assert False
"""


def test_the_dialogue_of_a_failed_test(pytester: pytest.Pytester) -> None:
    """The report has the AT dialogue with its times, and no payload."""
    result = outcomes(pytester, FAILING)
    result.assert_outcomes(failed=1)
    result.stdout.re_match_lines(
        [
            r"-+ AT dialogue -+",
            r" *\d+\.\d{3} s > AT\+QHTTPURL=28,\d+",
            r" *\d+\.\d{3} s < CONNECT",
            r" *\d+\.\d{3} s > 28 bytes",
            r" *\d+\.\d{3} s > AT\+QHTTPPOST=\d+,\d+,\d+",
            r" *\d+\.\d{3} s < \+QHTTPPOST: 0,200,5",
            r" *\d+\.\d{3} s > AT\+QICSGP\.\.\.",
        ]
    )
    assert "1234" not in result.stdout.str().partition("AT dialogue")[2]
    assert "S3CRET" not in result.stdout.str().partition("AT dialogue")[2]


def test_no_dialogue_of_a_passed_test(pytester: pytest.Pytester) -> None:
    """Even where the report shows what passed tests printed."""
    result = outcomes(pytester, FAILING.replace("False", "True"), "-rP")
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*AT dialogue*")


def test_a_long_dialogue_is_cut(pytester: pytest.Pytester) -> None:
    """A body of a megabyte is one line of the report."""
    result = outcomes(
        pytester,
        """
        def test_it(bg96_session):
            for _ in range(60):
                bg96_session.get("http://a.example/")
            bg96_session.post("http://a.example/", data=bytes(200_000))
            assert False
        """,
    )
    shown = result.stdout.str().partition("AT dialogue")[2]
    assert "bytes" in shown
    assert len(shown) < 50_000


def test_nothing_is_imported_for_others() -> None:
    """Tests that use no modem do not pay for it."""
    program = "import sys, pytest_bg96.plugin; print('requests_bg96' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"


def test_the_marker_is_listed(pytester: pytest.Pytester) -> None:
    """``pytest --markers`` says what it takes."""
    result = pytester.runpytest("--markers")
    result.stdout.fnmatch_lines(["@pytest.mark.bg96(*options): *"])
