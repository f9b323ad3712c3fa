"""Which program has a port open, and whether ModemManager ignores it."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
from collections.abc import Iterator

import pytest

from requests_bg96 import BG96Modem
from requests_bg96.cli.checks import Level, examine
from requests_bg96.cli.host import Holder, is_ignored, is_running, others_at


@pytest.fixture
def served() -> Iterator[tuple[str, int]]:
    """The pseudo-terminal of an emulator in another process, and its process."""
    arguments = [sys.executable, "-m", "requests_bg96.emulator"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        yield program.stdout.readline().strip(), program.pid
        program.terminate()


def test_the_emulator_at_its_own_terminal(served: tuple[str, int]) -> None:
    """The program behind the port is not another user of it."""
    path, process = served
    open_there = (
        os.readlink(one) for one in pathlib.Path(f"/proc/{process}/fd").iterdir()
    )
    assert path in open_there and others_at(path) == []
    modem = BG96Modem(path)
    found = list(examine(modem))
    modem.close()
    assert found[0].check == "module"
    assert Level.FAULT not in {one.level for one in found}


class Machine:
    """The files of a machine, in which programs are looked up."""

    def __init__(self, root: pathlib.Path) -> None:
        self.root = root

    def run(
        self, process: int, name: str, *targets: str, index: str | None = None
    ) -> None:
        """Add a program with these files open; `index` is that of its pty."""
        place = self.root / "proc" / str(process)
        (place / "fd").mkdir(parents=True)
        (place / "fdinfo").mkdir()
        (place / "comm").write_text(f"{name}\n")
        for number, target in enumerate(targets):
            (place / "fd" / str(number)).symlink_to(target)
            told = f"tty-index:\t{index}\n" if index and "ptmx" in target else ""
            (place / "fdinfo" / str(number)).write_text(f"pos:\t0\n{told}")

    def rule(self, place: str, text: str) -> None:
        """Add a rule of udev."""
        path = self.root / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def machine(tmp_path: pathlib.Path) -> Machine:
    """A machine in a directory."""
    return Machine(tmp_path)


@pytest.fixture
def terminal() -> Iterator[str]:
    """The path of a pseudo-terminal."""
    ends = os.openpty()
    yield os.ttyname(ends[1])
    for end in ends:
        os.close(end)


@pytest.mark.parametrize(
    "targets, same, uses",
    [
        # The emulator: both ends of this pseudo-terminal.
        (["/dev/ptmx", "{}"], True, None),
        (["/dev/pts/ptmx", "{}"], True, None),
        # A terminal emulator with other ones, which has opened this one, too.
        (["/dev/ptmx", "{}"], False, [True]),
        (["{}"], False, [True]),
        # An old kernel does not tell its number.
        (["/dev/ptmx", "{}"], None, [None]),
        (["/dev/ptmx"], True, None),
    ],
)
def test_both_ends_of_a_pseudo_terminal(
    machine: Machine,
    terminal: str,
    targets: list[str],
    same: bool | None,
    uses: list[bool | None] | None,
) -> None:
    """A program at the other end is not a user. A possible user is named as such."""
    number = terminal.rpartition("/")[2]
    index = {True: number, False: number + "1", None: None}[same]
    machine.run(
        999_999, "python", *(one.format(terminal) for one in targets), index=index
    )
    found = others_at(terminal, machine.root)
    assert [one.uses for one in found] == (uses or [])
    assert found == [Holder("python", 999_999, *uses)] if uses else not found


def test_a_device_is_never_served(machine: Machine, tmp_path: pathlib.Path) -> None:
    """A program with a terminal and a device open is a user of the device."""
    device = tmp_path / "ttyUSB2"
    device.touch()
    machine.run(999_998, "minicom", "/dev/ptmx", str(device), index="0")
    machine.run(999_997, "cat", str(device))
    found = others_at(str(device), machine.root)
    assert [str(one) for one in found] == [
        "cat (process 999997)",
        "minicom (process 999998)",
    ]


def test_ports_that_are_no_files() -> None:
    assert others_at(None) == [] == others_at("socket://127.0.0.1:1")


def test_programs_that_run(machine: Machine) -> None:
    assert not is_running("ModemManager", machine.root)
    machine.run(17, "ModemManager")
    assert is_running("ModemManager", machine.root)


@pytest.mark.parametrize(
    "place, text, ignored",
    [
        ("etc/udev/rules.d/70-bg96.rules", "{}", True),
        ("run/udev/rules.d/1.rules", "{}", True),
        ("usr/lib/udev/rules.d/1.rules", "{}", True),
        ("etc/udev/rules.d/70-bg96.rules", "# {}", False),
        ("etc/udev/rules.d/70-bg96.rules.off", "{}", False),
    ],
)
def test_rules_of_udev(machine: Machine, place: str, text: str, ignored: bool) -> None:
    assert not is_ignored(machine.root)
    rule = 'ATTRS{idVendor}=="2c7c", \\\n ENV{ID_MM_DEVICE_IGNORE}="1"\n'
    machine.rule(place, text.format(rule))
    assert is_ignored(machine.root) is ignored


def test_a_rule_for_another_vendor(machine: Machine) -> None:
    text = 'ATTRS{idVendor}=="1234", ENV{ID_MM_DEVICE_IGNORE}="1"\n'
    machine.rule("etc/udev/rules.d/1.rules", text)
    assert not is_ignored(machine.root)
