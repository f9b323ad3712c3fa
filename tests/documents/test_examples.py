"""The examples on the pages run, over the emulator, and print what is listed here."""

from __future__ import annotations

import contextlib
import io
import pathlib
import re
import shlex
from collections.abc import Iterator
from typing import Any

import click
import pytest
from docutils import nodes

from requests_bg96.emulator import Emulator, StreamNetwork, Switches
from requests_bg96.emulator.options import OPTIONS
from tests.cli.commands import COMMANDS
from tests.documents.example_server import FIRMWARE, ExampleServer
from tests.documents.pages import DOCS, PAGES, ROOT, page

#: What the examples of each page print. A page that is not here has none.
PRINTED: dict[str, list[str]] = {
    "README.rst": ["201"],
    "choose.rst": [],
    "command-line.rst": [],
    "data-and-power.rst": [
        "43 bytes down, 43 over the air",
        "1 request since the start",
        """['+CPSMS: 1,,,"00000110","00000101"']""",
    ],
    "emulator.rst": ["BG96", "hi", "an hour later", "hi", "3"],
    "errors.rst": ["714 connecting"],
    "index.rst": ["200"],
    "line-speed.rst": ["921600"],
    "long-transfers.rst": [f"update.bin {len(FIRMWARE)}"],
    "quick-start.rst": ["200"],
    "raspberry-pi.rst": ["201"],
    "recipes.rst": ["200", "None", "None", "201", "one", "two", "lines", "200"],
    "remote-modems.rst": ["200"],
    "settings.rst": [],
    "several-modems.rst": ["200", "200", "[200, 200, 200, 200]"],
    "sockets.rst": ["b'hello'"],
    "systemd.rst": [],
    "timeouts.rst": ["120 seconds"],
    "trace.rst": [],
    "troubleshooting.rst": [],
}
#: What comes before the examples that are a part of a program.
GIVEN = {
    "command-line.rst": """
import requests
from requests_bg96 import BG96Adapter
session = requests.Session()
session.mount("https://", BG96Adapter("/dev/ttyUSB2"))
""",
    "settings.rst": "import requests",
}
#: Its examples are tests.
OF_PYTEST = "pytest.rst"
#: The ports in the examples; each becomes an emulator.
PORT = re.compile(r'"(/dev/\w+|usb:\w+|rfc2217://[\w.:]+|emulator://)"')
PROGRAM = "requests-bg96"


def blocks(path: pathlib.Path, language: str) -> list[str]:
    """The code blocks of a page in a language."""
    return [
        block.astext()
        for block in page(path).findall(nodes.literal_block)
        if language in block["classes"]
    ]


@contextlib.contextmanager
def without_hardware(text: str) -> Iterator[str]:
    """Yield the code with an emulator in place of each port."""
    with contextlib.ExitStack() as stack:
        urls: dict[str, str] = {}

        def emulated(found: re.Match[str]) -> str:
            if found[1] not in urls:
                server = ExampleServer()
                network = StreamNetwork(server.echo, server, server.connect)
                switches = Switches(sni_checkhost=True)
                made = Emulator(network=network, switches=switches)
                urls[found[1]] = stack.enter_context(made).url
            return f'"{urls[found[1]]}"'

        yield PORT.sub(emulated, text)


@pytest.mark.parametrize("name", PRINTED)
def test_examples(
    name: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of one page run one after the other, as one program."""
    monkeypatch.chdir(tmp_path)
    printed = io.StringIO()
    (path,) = (one for one in PAGES if one.name == name)
    text = "\n".join([GIVEN.get(name, ""), *blocks(path, "python")])
    with without_hardware(text) as program, contextlib.redirect_stdout(printed):
        names: dict[str, Any] = {"__name__": "example"}
        exec(compile(program, name, "exec"), names)
    assert printed.getvalue().splitlines() == PRINTED[name]


def test_each_page_with_examples_is_tested() -> None:
    with_examples = {path.name for path in PAGES if blocks(path, "python")}
    assert with_examples == {*PRINTED, OF_PYTEST}


def test_the_examples_for_pytest(pytester: pytest.Pytester) -> None:
    """They are tests of a product, which pass."""
    text = "\n".join(blocks(DOCS / OF_PYTEST, "python"))
    pytester.makepyfile(text)
    found = pytester.runpytest("-p", "no:xdist", "--strict-markers")
    found.assert_outcomes(passed=text.count("def test_"))


def commands() -> Iterator[tuple[str, list[str]]]:
    """The uses of ``requests-bg96`` on the pages, with the page of each."""
    for path in PAGES:
        texts = [one.astext() for one in page(path).findall(nodes.literal)]
        for block in page(path).findall(nodes.literal_block):
            if "console" in block["classes"]:
                texts += re.split(r"[\n|]", block.astext())
        for text in texts:
            words = shlex.split(text) if PROGRAM in text and "'" not in text else []
            if words and words[0].rpartition("/")[2] == PROGRAM and len(words) > 1:
                yield path.name, words[1:]


def test_commands_exist() -> None:
    """Each one is a command with these options; nothing is run."""
    found = [*commands()]
    assert len(found) > 20
    for name, (first, *words) in found:
        assert first in COMMANDS, name
        command = COMMANDS[first]
        parser = command.make_parser(click.Context(command, resilient_parsing=True))
        parser.parse_args(args=words)


def test_the_list_of_pages() -> None:
    """Each page of the site is in it once."""
    text = (DOCS / "index.rst").read_text(encoding="utf-8")
    listed = re.findall(r"^   ([a-z][\w-]*)$", text, re.MULTILINE)
    assert sorted(listed) == sorted(
        {path.stem for path in DOCS.glob("*.rst")} - {"index"}
    )


def test_links_between_pages() -> None:
    """Pages name each other as Sphinx wants it, and the pages exist."""
    names = {path.stem for path in DOCS.glob("*.rst")}
    linked = []
    for path in PAGES:
        text = path.read_text(encoding="utf-8")
        linked += re.findall(r":doc:`(?:[^`<]*<)?([\w-]+)>?`", text)
    assert len(linked) > 20 and {*linked} <= names


def test_links_to_other_sites() -> None:
    """Their form is right; this machine need not reach them."""
    links = [
        link["refuri"]
        for path in PAGES
        for link in page(path).findall(nodes.reference)
        if "refuri" in link
    ]
    assert links
    for link in links:
        assert re.fullmatch(r"(https://[\w.-]+\.[a-z]+(/\S*)?|#\S+|mailto:\S+)", link)


def test_links_into_the_repository() -> None:
    """Those of the README lead to files that exist."""
    tree = page(ROOT / "README.rst")
    links = [link["refuri"] for link in tree.findall(nodes.reference)]
    links += [image["uri"] for image in tree.findall(nodes.image)]
    inside = [link.partition("/main/")[2] for link in links if "/main/" in link]
    assert len(inside) > 15
    assert [path for path in inside if not (ROOT / path).exists()] == []


def test_the_emulators_options_are_on_its_page() -> None:
    text = (DOCS / "emulator.rst").read_text(encoding="utf-8")
    for name in OPTIONS:
        assert f"``{name}``" in text
