"""The firmwares under which the client is tested."""

from __future__ import annotations

from typing import Any

from requests_bg96.emulator.switches import allowed_values

__all__ = ("NOT_YET_SPOKEN", "ODD_ENDS", "spoken")

#: The forms of the end of a read that the client takes only where HTTP tells the end of
#: the body (tests/modules/test_odd_modules.py): elsewhere the body could end like that.
ODD_ENDS: dict[str, tuple[Any, ...]] = {
    "result_urc": ("before_ok",),
    "missing_ok": ("read", "both"),
    "read_trailer": (
        "none_before",
        "two_before",
        "none_between",
        "two_between",
        "two_behind",
    ),
}
#: What a module may do that the client does not speak: switch to values.
NOT_YET_SPOKEN: dict[str, tuple[Any, ...]] = {
    **ODD_ENDS,
    # It speaks it (tests/modules/test_odd_modules.py), but hours of URCs take minutes
    # here.
    "urc_flood": (1500,),
}


def spoken() -> dict[str, tuple[Any, ...]]:
    """Every switch, with the values that the client speaks."""
    return {
        name: tuple(one for one in values if one not in NOT_YET_SPOKEN.get(name, ()))
        for name, values in allowed_values().items()
    }
