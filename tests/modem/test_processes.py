"""Processes at one modem: a second one, a child, one that ends or is killed.

Each is a program of its own. The modem is at a pseudo-terminal of this process.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from requests_bg96 import BG96Adapter
from requests_bg96.emulator import (
    CallableNetwork,
    Delay,
    Emulator,
    ReceivedRequest,
    Silence,
)
from requests_bg96.emulator.server import Server, serving
from tests.support import Answers, response
from tests.thread_support import PATIENCE, Stopwatch, no_deadlock, until

pytestmark = pytest.mark.skipif(
    os.name != "posix", reason="pseudo-terminals and fork are POSIX"
)

CLOSE = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
#: The start of each program.
PREAMBLE = """
    import json, multiprocessing, os, sys, threading, time
    import requests
    from requests_bg96 import BG96Adapter, BG96Modem
    from tests.conformance import guard

    guard.refuse_other_hosts()
    path = sys.argv[1]

    def over(path_or_modem):
        session = requests.Session()
        session.trust_env = False
        session.mount("http://", BG96Adapter(path_or_modem))
        return session

    def tell(*found):
        print(json.dumps(found), flush=True)

    def tried(action):
        started = time.monotonic()
        try:
            return action(), time.monotonic() - started
        except requests.ConnectionError as error:
            return str(error), time.monotonic() - started

    def forked(action):
        child = os.fork()
        if not child:
            action()
            sys.exit(0)
        return child

    def ended(child):
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    def get(session, name, **arguments):
        arguments.setdefault("timeout", 20)
        return session.get("http://server.example/" + name, **arguments)
"""
#: An answer that takes longer than any test.
ENDLESS = 2_000


@pytest.fixture(autouse=True)
def bounded() -> Iterator[None]:
    """No test hangs."""
    with no_deadlock():
        yield


class Module:
    """A module at a pseudo-terminal, and all servers behind it.

    :param path: the path of the pseudo-terminal.
    """

    def __init__(self, path: str, written: bytearray) -> None:
        self.path = path
        #: All bytes of all hosts.
        self.written = written

    @contextlib.contextmanager
    def program(self, text: str) -> Iterator[subprocess.Popen[str]]:
        """Run a program in which each warning is an error."""
        source = textwrap.dedent(PREAMBLE) + textwrap.dedent(text)
        # Some tests fork a process with threads. pyserial leaves a socket that was shut
        # down to the garbage collector.
        warnings = [
            "-Werror",
            "-Wignore:This process:DeprecationWarning",
            "-Wignore:unclosed <socket:ResourceWarning",
        ]
        with subprocess.Popen(
            [sys.executable, *warnings, "-c", source, self.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def run(self, text: str) -> Any:
        """Run a program, which must end well and silently; return its output."""
        with self.program(text) as process:
            output, errors = process.communicate(timeout=PATIENCE)
        assert (process.returncode, errors) == (0, "")
        return json.loads(output)

    def get(self, name: str = "next") -> bytes:
        """Send a GET from this process."""
        with requests.Session() as session:
            session.mount("http://", BG96Adapter(self.path))
            return session.get(
                f"http://server.example/{name}", timeout=PATIENCE
            ).content


def server(request: ReceivedRequest) -> Answers:
    """An answer, chosen by the path."""
    name = request.data.split(b" ")[1].strip(b"/")
    if name == b"endless":
        return [CLOSE] + [
            part for _ in range(ENDLESS) for part in (b"x" * 500, Delay(0.02))
        ]
    if name == b"half":
        return [b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345", Silence()]
    if name == b"slow":
        return [response(b"1234567890")[:-5], Delay(0.5), b"67890"]
    return response(name)


@contextlib.contextmanager
def powered() -> Iterator[tuple[Emulator, bytearray]]:
    """A module, with the bytes of any host."""
    written = bytearray()

    def line(way: str, data: bytes) -> None:
        if way == "from_host":
            written.extend(data)

    with Emulator(network=CallableNetwork(server), on_line=line) as emulator:
        yield emulator, written


@pytest.fixture
def module() -> Iterator[Module]:
    """A module that each process can find."""
    with powered() as (emulator, written), emulator.pty() as path:
        yield Module(path, written)


@pytest.fixture
def distant_module() -> Iterator[Module]:
    """A module on another machine."""
    with powered() as (emulator, written):
        listener = socket.create_server(("127.0.0.1", 0))
        url = "socket://127.0.0.1:{}".format(listener.getsockname()[1])
        with serving(Server(emulator, listener=listener)):
            yield Module(url, written)


# A second process


def test_a_second_process(module: Module) -> None:
    """It gets an error at once; the response of the first one continues."""
    with requests.Session() as session:
        session.mount("http://", BG96Adapter(module.path))
        answer = session.get("http://server.example/slow", stream=True)
        count = len(module.written)
        error, seconds = module.run('tell(*tried(lambda: get(over(path), "second")))')
        assert "another program uses it; stop that program" in error
        assert module.path in error and seconds < 1
        assert answer.content == b"1234567890"
        assert len(module.written) == count
    assert module.run('tell(get(over(path), "second").text)') == ["second"]


# Children

#: The parent. It has an unread response, which a thread reads.
PARENT = """
    session = over(path)
    modem = session.get_adapter("http://").modem
    answer = get(session, "slow", stream=True)
    start = answer.raw.read(2)
"""
#: Afterwards, it must find these.
AFTERWARDS = """
    whole = (start + answer.raw.read()).decode()
    tell(status, whole, get(session, "next").text)
"""


def test_a_child_uses_its_parent_s_modem(module: Module) -> None:
    """It gets an error each time, at once; its parent notices nothing."""
    found = module.run(f"""{PARENT}
    def child():
        for use in (
            lambda: get(session, "child"),
            lambda: get(session, "child", timeout=1),
            lambda: get(over(modem), "child"),
            lambda: modem.command("AT"),
            lambda: modem.open(),
            lambda: answer.raw.read(),
        ):
            started = time.monotonic()
            try:
                use()
            except Exception as error:
                assert "belongs to the parent. Make a new adapter" in str(error), error
            else:
                raise AssertionError("nothing was said")
            assert time.monotonic() - started < 0.5

    status = ended(forked(child)){AFTERWARDS}""")
    assert found == [0, "1234567890", "next"]
    assert b"+++" not in module.written and module.written.count(b"ATQ0V1E1") == 1


def test_a_child_ends(module: Module) -> None:
    """The parent's port, response and module do not change."""
    found = module.run(f"""{PARENT}
    def drops():
        global answer, modem, session
        del answer, modem, session

    ends = (answer.close, session.close, drops, lambda: os._exit(0), lambda: None)
    status = [ended(forked(end)) for end in ends]{AFTERWARDS}""")
    assert found == [[0] * 5, "1234567890", "next"]
    assert b"+++" not in module.written and module.written.count(b"ATQ0V1E1") == 1


def test_a_child_ends_with_a_connection(distant_module: Module) -> None:
    """It does not shut down the parent's connection."""
    found = distant_module.run("""
    session = over(path)
    get(session, "first")
    status = ended(forked(lambda: None))
    tell(status, get(session, "next").text)""")
    assert found == [0, "next"]
    assert distant_module.written.count(b"ATQ0V1E1") == 1


def test_a_child_does_not_keep_the_port(module: Module) -> None:
    """The parent gives it back and takes it again, while the child runs."""
    found = module.run("""
    session = over(path)
    get(session, "first")
    ready, go_on = os.pipe(), os.pipe()

    def waits():
        os.write(ready[1], b"!")
        os.read(go_on[0], 1)

    child = forked(waits)
    os.read(ready[0], 1)
    session.close()
    second = get(session, "second").text
    session.close()
    third = get(over(path), "third").text
    os.write(go_on[1], b"!")
    tell(second, third, ended(child))""")
    assert found == ["second", "third", 0]


def test_a_child_takes_over(module: Module) -> None:
    """As a daemon does: the parent has closed the port, or the child closes it."""
    found = module.run("""
    closed, unused, left = over(path), over(path), over(path)
    get(closed, "first")
    closed.close()

    def child():
        assert get(closed, "x").text == "x"
        closed.close()
        assert get(unused, "y").text == "y"
        unused.close()

    status = ended(forked(child))
    get(left, "second")
    ready = os.pipe()

    def daemon():
        os.read(ready[0], 1)
        left.close()
        tell(status, get(left, "z").text)

    child = forked(daemon)
    left.close()
    os.write(ready[1], b"!")
    ended(child)""")
    assert found == [0, "z"]


def test_a_child_of_a_process_whose_thread_has_the_modem(module: Module) -> None:
    """It does not wait for a thread that it does not have."""
    found = module.run("""
    session = over(path)
    get(session, "first")
    thread = threading.Thread(target=get, args=(session, "slow"))
    thread.start()
    while not session.get_adapter("http://").modem.stats.requests == 2:
        time.sleep(0.001)

    def child():
        error, seconds = tried(lambda: get(session, "child"))
        assert "belongs to the parent" in error and seconds < 0.5, (error, seconds)

    status = ended(forked(child))
    thread.join()
    tell(status, get(session, "next").text)""")
    assert found == [0, "next"]


def test_multiprocessing_by_fork(module: Module) -> None:
    """A session made before works, unless its port is open."""
    found = module.run("""
    session = over(path)

    def ask(name):
        return tried(lambda: get(session, name).text)[0]

    def asked(*names):
        with multiprocessing.get_context("fork").Pool(1) as pool:
            answers = pool.map(ask, names)
            pool.close()
            pool.join()
            return answers

    tell(*asked("one", "two"), get(session, "three").text, *asked("four", "five"))
    """)
    assert found[:3] == ["one", "two", "three"]
    assert all("belongs to the parent" in answer for answer in found[3:])


def test_multiprocessing_by_spawn(module: Module) -> None:
    """A session is sent with its settings, and without its port."""
    found = module.run("""
    from tests.thread_support import asked

    session = over(path)
    get(session, "first")
    arguments = (session, "http://server.example/one")
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        refused = pool.apply(asked, arguments)
        session.close()
        answer = pool.apply(asked, arguments)
        pool.close()
        pool.join()
    tell(refused, answer, get(session, "two").text)""")
    assert "another program uses it" in found[0]
    assert found[1:] == ["one", "two"]


# The end of a program


@pytest.mark.parametrize(
    "text",
    [
        """answer = get(session, "endless", stream=True)""",
        # The collector drops it at the very end.
        """answer = get(session, "half", stream=True)
    answer.itself = answer""",
        """answer = get(session, "endless", stream=True)
    threading.Thread(target=lambda: answer.content, daemon=True).start()""",
        """answer = get(session, "half", stream=True)
    answer.raw.read(5)
    for name in ("1", "2", "3"):
        threading.Thread(target=get, args=(session, name), daemon=True).start()""",
    ],
    ids=[
        "unread",
        "in a cycle",
        "read by a daemon thread",
        "waited for by daemon threads",
    ],
)
def test_a_program_that_ends_during_a_response(module: Module, text: str) -> None:
    """It ends at once and silently."""
    with module.program(f"""
    session = over(path)
    {text}
    tell("ends")""") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == '["ends"]\n'
        watch = Stopwatch()
        _, errors = process.communicate(timeout=PATIENCE)
        assert (process.returncode, errors) == (0, "") and watch.seconds < 2


def check_free(module: Module) -> None:
    """The module is found. The next program ends a response that continues."""
    watch = Stopwatch()
    assert module.get() == b"next"
    # About 3 s; a busy machine may miss the silences around +++ once.
    assert watch.seconds < 15
    assert module.get("behind") == b"behind"


@pytest.mark.parametrize(
    ("number", "name"), [(signal.SIGTERM, "endless"), (signal.SIGINT, "half")]
)
def test_a_program_that_is_killed(
    module: Module, number: signal.Signals, name: str
) -> None:
    """During a response; the next one can use the module at once."""
    with module.program(f"""
    answer = get(over(path), "{name}", stream=True)
    tell(len(answer.raw.read(5)))
    answer.content""") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "[5]\n"
        process.send_signal(number)
        process.communicate(timeout=PATIENCE)
        assert process.returncode == -number
    check_free(module)


def test_a_program_that_is_killed_in_an_upload(module: Module) -> None:
    """The module waits for the rest of it, but not for ever."""
    with module.program("""
    session = over(path)
    get(session, "first")
    session.post("http://server.example/x", data=b"x" * 900_000)""") as process:
        until(lambda: len(module.written) > 100_000)
        process.kill()
        process.communicate(timeout=PATIENCE)
    check_free(module)
