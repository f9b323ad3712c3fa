"""The firmwares under which the client is tested."""

from __future__ import annotations

from typing import Any

from requests_bg96.emulator.switches import allowed_values

__all__ = ("NOT_YET_SPOKEN", "spoken")

#: What a module may do that the client does not speak yet: switch to values.
NOT_YET_SPOKEN: dict[str, tuple[Any, ...]] = {
    "result_urc": ("before_ok",),
    "missing_ok": ("request", "read", "both"),
    "line_end": ("lf",),
    "read_trailer": (
        "none_before",
        "two_before",
        "none_between",
        "two_between",
        "two_behind",
    ),
    "echo_off": (False,),
    "urc_flood": (1500,),
}


def spoken() -> dict[str, tuple[Any, ...]]:
    """Every switch, with the values that the client speaks."""
    return {
        name: tuple(one for one in values if one not in NOT_YET_SPOKEN.get(name, ()))
        for name, values in allowed_values().items()
    }
