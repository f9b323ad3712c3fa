"""``requests-bg96 run``: programs that know nothing of a modem."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from requests_bg96.cli.main import main
from tests.behaviours import Behaviours
from tests.servers import Server, serve

ROOT = str(pathlib.Path(__file__).resolve().parents[2])


@pytest.fixture
def server() -> Iterator[Server]:
    """Where the programs send requests to."""
    with serve(Behaviours()) as server:
        yield server


def run(
    *words: str, place: pathlib.Path | str = ".", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a program."""
    return subprocess.run(
        [sys.executable, "-m", "requests_bg96", "run", "--port", "emulator://"]
        + list(words),
        cwd=place,
        env={**os.environ, "PYTHONPATH": ROOT, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def program(place: pathlib.Path, text: str, name: str = "app.py") -> str:
    """Write a program; return its path."""
    path = place / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(textwrap.dedent(text))
    return str(path)


def over_modem(server: Server) -> bool:
    """Whether all requests came over a modem: it alone closes each connection."""
    return all(one.all("Connection") == ["close"] for one in server.requests)


def test_a_script(tmp_path: pathlib.Path, server: Server) -> None:
    """It runs as in Python: with its arguments, its name and its neighbours."""
    program(tmp_path, "VALUE = 5", "neighbour.py")
    path = program(
        tmp_path,
        """
        import sys, requests, neighbour
        print(__name__, __file__ == sys.argv[0], sys.argv[1:], neighbour.VALUE)
        url = sys.argv[1]
        print(requests.get(url + "/echo").json()["method"])
        session = requests.Session()
        session.mount("http://", requests.adapters.HTTPAdapter(max_retries=3))
        print(session.post(url + "/bytes", data=b"abc").content)
        """,
    )
    for words in (["python", path], [sys.executable, path], [path]):
        server.requests.clear()
        done = run("--", *words, server.url, "--port", "-h")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == (
            f"__main__ True ['{server.url}', '--port', '-h'] 5\nGET\nb'abc'\n"
        )
        assert len(server.requests) == 2 and over_modem(server)


def test_other_programs(tmp_path: pathlib.Path, server: Server) -> None:
    """A module, a package, code, and a command that a package has installed."""
    text = f"""\
        import sys, requests
        print(requests.get("{server.url}/echo").status_code, sys.argv[1:])
        """
    program(tmp_path, text, "tool.py")
    program(tmp_path, text, "package/__main__.py")
    command = program(tmp_path, f"#!{sys.executable}\n{textwrap.dedent(text)}", "fetch")
    os.chmod(command, 0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    for words in (
        ["python3", "-m", "tool", "x"],
        ["-m", "package", "x"],
        ["python", "package", "x"],
        ["-c", textwrap.dedent(text), "x"],
        ["fetch", "x"],
    ):
        done = run("--", *words, place=tmp_path, PATH=path)
        assert (done.stdout, done.stderr) == ("200 ['x']\n", ""), words
    assert len(server.requests) == 5 and over_modem(server)


def test_what_outlives_the_last_line(tmp_path: pathlib.Path, server: Server) -> None:
    """A thread that goes on, and what is done at the exit, use the modem too."""
    path = program(
        tmp_path,
        f"""
        import atexit, threading, time, requests
        def get():
            time.sleep(0.3)
            print(requests.get("{server.url}/echo").status_code)
        atexit.register(get)
        threading.Thread(target=get).start()
        """,
    )
    done = run(path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "200\n200\n", "")
    assert len(server.requests) == 2 and over_modem(server)


SILENT = ("import sys; sys.exit(3)", "raise SystemExit")
ENDS = [
    ("import sys; sys.exit(3)", 3),
    ("raise SystemExit('so')", 1),
    ("raise SystemExit", 0),
    ("def f():\n    raise OSError(32, 'odd')\nf()", 1),
    ("raise KeyboardInterrupt", 130),
]


@pytest.mark.parametrize("text, status", ENDS)
def test_how_it_ends(tmp_path: pathlib.Path, text: str, status: int) -> None:
    """As in Python: its exit status, and its traceback without our lines."""
    path = program(tmp_path, text)
    done = run(path)
    assert (done.returncode, done.stdout) == (status, "")
    stock = subprocess.run([sys.executable, path], stderr=subprocess.PIPE, text=True)
    assert done.stderr == stock.stderr
    assert bool(done.stderr) == (text not in SILENT)


def test_a_failure_of_the_modem(tmp_path: pathlib.Path) -> None:
    """The program gets the exception of requests, and handles it or not."""
    path = program(
        tmp_path,
        """
        import requests
        try:
            requests.get("http://127.0.0.1:1/")
        except requests.ConnectionError as error:
            print("716" in str(error))
        """,
    )
    assert run(path).stdout == "True\n"
    done = run("--port", "/dev/none", path)
    assert done.stdout == "False\n" and done.returncode == 0


def test_the_dialogue(tmp_path: pathlib.Path, server: Server) -> None:
    path = program(tmp_path, f"import requests; requests.get('{server.url}/echo')")
    assert "> AT+QHTTPGET=" in run("-v", path).stderr


def test_an_interruption(tmp_path: pathlib.Path) -> None:
    path = program(tmp_path, "print('on', flush=True)\nimport time\ntime.sleep(60)")
    words = [sys.executable, "-m", "requests_bg96", "run", "--port", "emulator://"]
    with subprocess.Popen(
        [*words, path], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as made:
        assert made.stdout and made.stdout.readline() == b"on\n"
        made.send_signal(signal.SIGINT)
        _, error = made.communicate(timeout=30)
    assert made.returncode == 130 and error.endswith(b"KeyboardInterrupt\n")


REFUSED = [
    (["nonsense-program"], "there is no program nonsense-program"),
    (["/bin/sh", "-c", "x"], "is not a program in Python"),
    (["python"], "name a script"),
    (["python", "-X", "dev", "app.py"], "Pass options of Python"),
    (["python", "-m"], "name a script"),
    (["python", "none.py"], "there is no file none.py"),
    (["/bin/python-none", "x.py"], "there is no program"),
    ([], "Missing argument"),
]


@pytest.mark.parametrize("words, text", REFUSED)
def test_what_is_refused(words: list[str], text: str) -> None:
    """Before the program and the modem are touched."""
    result = CliRunner().invoke(main, ["run", "--port", "loop://", "--", *words])
    assert result.exit_code == 2 and text in result.stderr


def test_another_python(tmp_path: pathlib.Path) -> None:
    """It could not be told of the modem."""
    other = tmp_path / "python3"
    other.write_text("")
    words = ["run", "--port", "loop://", "--", str(other), "app.py"]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 2 and "is another Python" in result.stderr
