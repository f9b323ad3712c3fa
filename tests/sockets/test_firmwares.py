"""Sockets of every firmware that the emulator knows, and what it does not keep."""

from __future__ import annotations

from typing import Any

import pytest

from requests_bg96.emulator import Hangup, Switches
from requests_bg96.emulator.switches import allowed_values
from tests.sockets.stage import DELIVERIES, TRICKY, Delivery, exchange, received, stage

#: The switches of sockets, each with each of its values.
SOCKETS = (
    "send_prompt",
    "read_end",
    "joined_reads",
    "recvind",
    "recv_urc",
    "closed_urc",
    "read_closed",
    "client_state",
    "open_closing",
    "failed_open",
    "close_unopened",
    "send_closed",
    "send_buffer",
    "receive_buffer",
    "prompt_time",
    "payload_echo",
    "urc_at_prompt",
    "close_answer",
    "close_meanwhile",
    "context_loss",
    "open_inactive",
    "urc_in_data",
    "formats_at_start",
    "line_end",
    "echo_off",
    "boot_urcs",
    "urc_flood",
)
CASES = [(name, value) for name in SOCKETS for value in allowed_values()[name]]


#: Those that change bytes on the line, in pieces also.
BYTES = (
    "send_prompt",
    "read_end",
    "joined_reads",
    "recvind",
    "payload_echo",
    "urc_at_prompt",
)
WHOLE: Delivery = "whole"


@pytest.mark.parametrize(
    "name, value, delivery",
    [(*case, WHOLE) for case in CASES]
    + [
        (*case, delivery)
        for case in CASES
        for delivery in DELIVERIES
        if case[0] in (*BYTES, "line_end") and delivery != WHOLE
    ],
)
def test_a_connection(name: str, value: Any, delivery: Delivery) -> None:
    """It works the same, to its end."""
    check_connection(name, value, delivery)


@pytest.mark.parametrize(
    "name, value", [case for case in CASES if case[0] in ("send_prompt", "line_end")]
)
@pytest.mark.parametrize("delivery", DELIVERIES)
def test_an_echo_before_the_prompt(name: str, value: Any, delivery: Delivery) -> None:
    """It ends with CR alone, and not every prompt begins with a line end."""
    check_connection(name, value, delivery, settings={"verify_echo": True})


def check_connection(name: str, value: Any, delivery: Delivery, **options: Any) -> None:
    """Check a connection, to its end, and that another one can be made."""
    switches = Switches(**{name: value})
    with stage(switches=switches, fragment=DELIVERIES[delivery], **options) as made:
        one, peer = made.connect()
        exchange(one, peer)
        exchange(one, peer, TRICKY * 3)
        peer.says += [b"a" * 4_000, b"b" * 4_000]
        assert received(one, 8_000) == b"a" * 4_000 + b"b" * 4_000
        peer.says += [b"the end", Hangup()]
        said = b"" if value == "data_lost" else b"the end"
        assert received(one, 100) in (said, b"the end")
        assert one.recv(1) == b""
        one.close()
        exchange(*made.connect())
