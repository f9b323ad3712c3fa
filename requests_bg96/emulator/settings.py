"""The settings of the command interpreter, which &F, &W, ATZ and &V use."""

from __future__ import annotations

import dataclasses

__all__ = ("FACTORY_REGISTERS", "Profile", "REGISTER_RANGES", "profile_lines")


@dataclasses.dataclass
class Profile:
    """The settings that AT&W stores and ATZ loads.

    The defaults are those of the factory (AT manual 12.2). &W stores the detection and
    the reports of the SIM, and &F does not change them (AT manual 5.9, 5.10).
    """

    echo: int = 1
    quiet: int = 0
    verbose: int = 1
    result_text: int = 4
    carrier: int = 1
    dtr: int = 1
    creg: int = 0
    cgreg: int = 0
    cereg: int = 0
    sim_detection: tuple[int, int] = (0, 0)
    sim_report: int = 0
    registers: dict[int, int] = dataclasses.field(
        default_factory=lambda: {0: 0, 7: 0, 10: 15}
    )

    def copy(self) -> Profile:
        """Return a copy."""
        return dataclasses.replace(self, registers=dict(self.registers))


#: The ranges of the S-registers (AT manual 2.18-2.20, 7.8-7.12).
REGISTER_RANGES = {
    0: (0, 255),
    3: (0, 127),
    4: (0, 127),
    5: (0, 127),
    6: (0, 10),
    7: (0, 255),
    8: (0, 255),
    10: (1, 254),
}

#: The registers that &W does not store (AT manual 12.2, 12.3).
FACTORY_REGISTERS = {3: 13, 4: 10, 5: 8, 6: 2, 8: 2}


def profile_lines(profile: Profile, registers: dict[int, int]) -> list[str]:
    """Return the lines of AT&V (AT manual 2.11)."""
    names = [
        ("&C", profile.carrier),
        ("&D", profile.dtr),
        ("&F", 0),
        ("&W", 0),
        ("E", profile.echo),
        ("Q", profile.quiet),
        ("V", profile.verbose),
        ("X", profile.result_text),
        ("Z", 0),
    ]
    every = {**registers, **profile.registers}
    names += [(f"S{number}", value) for number, value in sorted(every.items())]
    return [f"{name}: {value}" for name, value in names]
