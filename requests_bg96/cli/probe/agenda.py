"""The question for each switch, by its needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .questions import Probe
from .sockets import PLAIN_QUESTIONS, SERVER_QUESTIONS

__all__ = ("HTTPS", "NEVER", "PLAIN", "SwitchQuestion", "RESET", "SERVER")

SwitchQuestion = Callable[[Probe], Any]

#: The questions by switch. These need only the module; `SERVER` needs the server,
#: `HTTPS` a server with TLS, and `RESET` a restart.
PLAIN: dict[str, SwitchQuestion] = {
    "line_end": Probe.line_end,
    "prefix_key": Probe.prefix_key,
    "pin_attempts": Probe.pin_attempts,
    "sni_checkhost": Probe.sni_checkhost,
    "qiact_active": Probe.qiact_active,
    "bad_url": Probe.bad_url,
    "joined_url": Probe.joined_url,
    "input_timeout": Probe.input_timeout,
    "short_upload": Probe.short_upload,
    "get_ok": Probe.get_ok,
    "dns_error": Probe.dns_error,
    "download_end": Probe.download_end,
    "later_commands": Probe.later_commands,
    **PLAIN_QUESTIONS,
}
SERVER: dict[str, SwitchQuestion] = {
    "result_fields": Probe.result_fields,
    "chunked": Probe.chunked,
    "response_head": Probe.response_head,
    "reuse_sockets": Probe.reuse_sockets,
    "unread_response": Probe.unread_response,
    "second_read": Probe.second_read,
    "hangup_trailer": Probe.hangup_trailer,
    "cut_head": Probe.cut_head,
    "lone_input_time": Probe.lone_input_time,
    "stored_response": Probe.stored_response,
    "bodyless_end": Probe.bodyless_end,
    "urc_in_payload": Probe.urc_in_payload,
    "response_timeout": Probe.response_timeout,
    "read_timeout": Probe.read_timeout,
    "redirects": Probe.redirects,
    **SERVER_QUESTIONS,
}
HTTPS: dict[str, SwitchQuestion] = {"post_719": Probe.post_719}
_OPEN_SERVER = "this needs a server that does not close"
_SEEN = "the probe expects what the manual says; the evidence shows any difference"
#: The switches that are not probed, and why.
NEVER = {
    "ca_bundle": "this needs a server with TLS whose CA is the second in a file",
    "surplus": "this needs a server that sends more than its Content-Length",
    "recv_urc": "this needs many segments, and luck",
    "send_buffer": "this needs a server that does not read",
    "receive_buffer": "this costs 10 kB of data; AT+QIRD with length 0 shows it",
    "prompt_time": "this takes two minutes, and may need a restart",
    "push_size": "this needs a line that is slower than the network",
    "context_loss": "this needs a network that drops the context",
    "urc_in_data": "this needs data of a socket during data mode",
    "sleep_input": "this needs a module that sleeps, and DTR",
    "socket_wear": "this would wear out the module",
    **dict.fromkeys(("close_answer", "close_meanwhile"), _OPEN_SERVER),
    **dict.fromkeys(("result_urc", "missing_ok"), _SEEN),
    **dict.fromkeys(("read_trailer", "echo_off", "urc_flood"), _SEEN),
}
RESET = ("echo_after_reset", "cmee_after_reset", "boot_urcs")
