"""The firmwares with which the client is tested."""

from __future__ import annotations

from typing import Any

from requests_bg96.emulator.switches import allowed_values

__all__ = ("NOT_YET_SPOKEN", "ODD_ENDS", "spoken")

#: Ends of a read that the client accepts only if HTTP tells the end of the body
#: (tests/modules/test_odd_modules.py). Otherwise, a body could end like that.
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
#: The values of switches that the client does not support.
NOT_YET_SPOKEN: dict[str, tuple[Any, ...]] = {
    **ODD_ENDS,
    # The client supports it (tests/modules/test_odd_modules.py), but hours of URCs take
    # minutes here.
    "urc_flood": (1500,),
}


def spoken() -> dict[str, tuple[Any, ...]]:
    """All switches, with the values that the client supports."""
    return {
        name: tuple(one for one in values if one not in NOT_YET_SPOKEN.get(name, ()))
        for name, values in allowed_values().items()
    }
