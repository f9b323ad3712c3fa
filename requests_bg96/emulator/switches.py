"""Where firmwares differ or nobody has looked: one named switch per question."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin, get_type_hints

__all__ = ("Switches",)

BootUrcs = Literal["full", "rdy", "none"]
Trailer = Literal[
    "plain", "none_before", "two_before", "none_between", "two_between", "two_behind"
]


@dataclasses.dataclass(frozen=True)
class Switches:
    """Behaviour of one firmware. Every field has a default that is argued for.

    ``chunked`` ("decoded" | "raw")
        What QHTTPREAD hands out of a chunked body when responseheader=1. Default
        "decoded": a BG95 was seen to decode with responseheader=0, and one decoder
        for both settings is the simpler firmware (inference).
    ``response_head`` ("received" | "rewritten")
        The head with responseheader=1. Default "received": the BG96 transcripts
        show server headers in their own order and spelling.
    ``reuse_sockets`` (bool)
        Keep a connection for the next request. Default False: no transcript shows
        a second request on one connection.
    ``bodyless_end`` ("at_once" | "on_close" | "on_wait")
        How a read of HEAD, 204 or 304 ends. Default "on_close": the module does
        not look at the method, so the close of the connection is the first sign
        (inference).
    ``unread_response`` ("replaced" | "busy")
        A new request while a response waits to be read. Default "replaced":
        field projects skip QHTTPREAD and send the next request successfully.
    ``second_read`` (703 | 705)
        A QHTTPREAD after the response was read. Default 703: seen on a BG95.
    ``hangup_trailer`` ("cme" | "urc")
        A read that breaks off: ``+CME ERROR: n``, or OK and ``+QHTTPREAD: n``.
        Default "cme": HTTP manual 2.6.
    ``cut_head`` ("reported" | "closed")
        A server that closes behind the status line, before the head's empty line:
        taken for the end of the head, or 719. Default "reported": the result URC
        needs no more than the status line (inference).
    ``urc_in_payload`` ("never" | "between")
        URCs while QHTTPREAD is giving data: held, or put between two packets.
        Default "never": no transcript shows one inside a body.
    ``sni_checkhost`` (bool)
        Whether QSSLCFG knows sni, checkhost and ignorecertchain. Default False:
        the SSL manual V1.0 does not; a later BG96 firmware does.
    ``prefix_key`` (bool)
        Whether QHTTPCFG has the key "prefix". Default False: HTTP manual 2.1 has
        five keys; a later BG96 firmware lists a sixth.
    ``pin_attempts`` ("quoted" | "bare" | "refused")
        How AT+QPINC? tells the attempts that the SIM has left: with quotes, without,
        or not at all. Default "quoted": AT manual 5.7; siblings print SC and P2 bare.
    ``echo_after_reset`` (bool)
        Echo after a start, as the stored profile has it when True, always off when
        False. Default True: a BG96 transcript of CFUN=1,1 shows the echo back.
    ``cmee_after_reset`` (0 | 1 | 2)
        AT+CMEE after a start and after &F. Default 1: AT manual 12.2.
    ``qiact_active`` ("error" | "ok")
        AT+QIACT of an active context. Default "error": seen by driver authors on
        BG96 (https://github.com/zephyrproject-rtos/zephyr/pull/31325).
    ``post_719`` (bool)
        An HTTPS QHTTPPOST with own header of more than 2,048 bytes reaches the
        server and ends with 719. Default False: a fault of certain firmwares
        (https://forums.quectel.com/t/bg96-qhttppost-error-719/8765).
    ``result_fields`` ("full" | "status" | "error")
        Fields of the URC of success: error, status and the length where the header
        has it; never the length; the error alone. Default "full": HTTP manual 2.3.
    ``boot_urcs`` ("full" | "rdy" | "none")
        What is printed at a start: all, ``RDY`` alone, nothing (another port gets
        them). Default "full": AT manual 12.7 and two BG96 drivers.
    ``get_ok`` ("at_once" | "connected")
        QHTTPGET with requestheader=0: OK before the network is asked, failures
        as URC; or after the connection, failures as ``+CME ERROR``. Default
        "at_once": a BG96 transcript has OK after 3 ms and the URC 4.9 s later.
    ``bad_url`` ("url" | "request")
        Who refuses a URL without http(s): QHTTPURL or the request (711). Default
        "url": HTTP manual 2.2 demands the prefix of the input (inference).
    ``dns_error`` (714 | 716)
        A name without an address. Default 714: HTTP manual 4.3; a sibling of other
        make says 716.
    ``input_timeout`` (726 | 702 | 722 | 727 | 728)
        Too few bytes of a URL or a request in their time. Default 726: "Input
        timeout" in HTTP manual 5, which no example shows.
    ``response_timeout`` (702 | 728)
        No response within <rsptime>. Default 702: seen on a BG96, though 728 reads
        "Wait HTTP(S) response timeout".
    ``read_timeout`` (722 | 702 | 727)
        A silence longer than <wait_time>. Default 722: "HTTP(S) read timeout" in HTTP
        manual 5.
    ``lone_input_time`` (bool)
        Whether QHTTPPOST takes <input_time> without <rsptime>. Default False: HTTP
        manual 2.4 has the two in one pair of brackets.
    ``stored_response`` ("replaced" | "refused")
        QHTTPREADFILE to a file that is there: written anew, or 407. Default
        "replaced": HTTP manual 2.7 names no such error (inference).
    ``short_upload`` ("ok" | "error")
        QFUPL that gets fewer bytes in its time: size, sum and OK, or 421. Default
        "ok": FILE manual 2.4 has the number of bytes received in the answer.
    ``download_end`` ("line" | "bare")
        What stands between the data of QFDWL and its result: CR LF, as before every
        line, or nothing. Default "line": AT manual 2.15 has no exception (inference).
    ``redirects`` ("handed_on" | "followed")
        A redirect of a GET whose head the module made: for the host, or asked for by
        the module. Default "handed_on": HTTP manual 2.3 has the server's own status in
        the result; a sibling of other make follows.
    ``later_commands`` (bool)
        Whether there are QHTTPSTOP and QHTTPPUT. Default False: HTTP manual 2 has
        neither; siblings have both.
    ``ca_bundle`` ("whole" | "first")
        How many certificates of a CA file count. Default "whole": SSL manual 2.1.1
        names no limit; drivers are only known to load one.
    ``result_urc`` ("behind_ok" | "with_ok" | "before_ok")
        The result of a request or a read: behind the OK, in one piece with it, or
        before it. Default "behind_ok": HTTP manual 2.3 to 2.7, and BG96 transcripts
        have some time between them.
    ``missing_ok`` ("never" | "request" | "read" | "both")
        An OK that is left out: behind the payload of a request, at the end of
        QHTTPREAD. Default "never": HTTP manual 2.3, 2.4, 2.6.
    ``line_end`` ("crlf" | "lf")
        What ends a line of the module, and begins it. Default "crlf": AT manual 2.15.
    ``read_trailer`` ("plain" | "none_before" | "two_before" | "none_between" |
    "two_between" | "two_behind")
        Line ends before the OK that ends QHTTPREAD, between OK and URC, and behind:
        one too few, or one too many. Default "plain": one before and behind each of
        the two lines, as in transcripts of BG96 and BG95.
    ``echo_off`` (bool)
        Whether ATE0 ends the echo. Default True: AT manual 2.16.
    ``urc_flood`` (0 | 1500)
        Lines a second of a URC that nobody asked for; those that a command or data
        stand in the way of are lost. Default 0: no transcript shows any such thing.
    ``surplus`` ("dropped" | "handed_out")
        What a server sends behind a body that has told its end, by its length or its
        last chunk: not read, or handed out up to the close of the connection or a
        silence of <wait_time>. Default "dropped": a module that reports the length
        knows where the body ends (inference).
    ``send_prompt`` ("blank" | "plain" | "no_line_end")
        The prompt of AT+QISEND: CR LF, ``>`` and a blank; no blank; no CR LF. Default
        "blank": a BG96 transcript.
    ``read_end`` ("empty_line" | "plain")
        What ends the data of AT+QIRD before OK: CR LF CR LF, or CR LF alone. Default
        "empty_line": two BG96 transcripts; a driver drops the fewer bytes.
    ``push_end`` ("nothing" | "line_end")
        What stands behind data in direct push mode. Default "nothing": TCP/IP manual
        2.2.2 prints none.
    ``recvind`` ("unknown" | "off" | "on")
        The key of AT+QICFG by which ``+QIURC: "recv"`` tells a length, and its value
        at a start. Default "unknown": TCP/IP manual 2.1.15 has no such key.
    ``recv_urc`` ("once" | "sometimes_lost" | "every_segment")
        ``+QIURC: "recv"`` of data that come while others are unread. Default "once":
        TCP/IP manual 2.2.2; a driver polls because one is missing now and then.
    ``closed_urc`` ("at_once" | "after_read" | "data_lost")
        ``+QIURC: "closed"`` with unread data in the buffer. Default "at_once": drivers
        read on behind it.
    ``read_closed`` ("empty" | "error")
        AT+QIRD of a socket that the server has closed, all data read. Default "empty":
        the number is taken until AT+QICLOSE (TCP/IP manual 2.2.1).
    ``client_state`` (2 | 3)
        The state of a connected client in AT+QISTATE. Default 2: TCP/IP manual 2.1.6;
        one BG96 says 3.
    ``open_closing`` ("in_use" | "error" | "reopened")
        AT+QIOPEN of a socket that the server has closed: 563 in the URC, ERROR, or
        opened anew. Default "in_use": TCP/IP manual 2.2.1, 4.
    ``failed_open`` ("free" | "taken")
        Whether a socket that could not be opened needs AT+QICLOSE before the next
        attempt. Default "free": there is no connection to close (inference).
    ``close_unopened`` ("ok" | "error")
        AT+QICLOSE of a socket that is not open. Default "ok": a BG96 transcript.
    ``send_closed`` ("error" | "prompt_error" | "prompt_fail")
        AT+QISEND on a socket that the server has closed: ERROR, or the prompt and then
        ERROR or SEND FAIL. Default "error": TCP/IP manual 2.1.7.
    ``send_buffer`` ("fail" | "wait")
        Payload for which the send buffer has no room: SEND FAIL, or SEND OK once there
        is. Default "fail": TCP/IP manual 2.1.7.
    ``receive_buffer`` (10240 | 1500 | 3000)
        Bytes of one socket that wait for the host. Default 10240: the least that a
        sibling can be set to.
    ``prompt_time`` (120 | 0)
        Seconds until ERROR for a host that does not fill the prompt; 0 is no end.
        Default 120: the response time in the application note of a sibling.
    ``payload_echo`` ("off" | "on" | "as_ate")
        AT+QISDE at a start; "as_ate" echoes payload only if ATE1 is set as well.
        Default "off": drivers that never set it meet no echo.
    ``urc_at_prompt`` ("held" | "between")
        URCs and pushed data between prompt and result. Default "held": TCP/IP manual
        2.2 has URCs outside any response.
    ``push_size`` (1460 | 1500 | "buffer")
        The most bytes of one push. Default 1460: one segment; no sample is longer.
    ``close_answer`` ("fin" | "timeout" | "at_once")
        What AT+QICLOSE waits for: the server's end, all its time, nothing. Default
        "fin": TCP/IP manual 2.1.5.
    ``close_meanwhile`` ("queued" | "refused")
        Commands that come while AT+QICLOSE waits: after it, or ERROR. Default
        "queued": TCP/IP manual 2.1.5 has no other command meanwhile.
    ``context_loss`` ("pdpdeact" | "closed" | "unlisted")
        What a lost context says of its sockets: nothing, "closed" for each; or they are
        gone from AT+QISTATE. Default "pdpdeact": TCP/IP manual 2.2.5.
    ``open_inactive`` ("error" | "urc")
        AT+QIOPEN without its context: ERROR, or 561 in the URC. Default "error":
        TCP/IP manual 2.1.4 needs the context for the command.
    ``open_dns_error`` (565 | 566)
        AT+QIOPEN of a name without an address. Default 565: TCP/IP manual 4.
    ``urc_in_data`` ("held" | "lost")
        URCs while the port is in data mode. Default "held": BG96 transcripts show none
        inside data, and results behind them.
    ``http_beside_sockets`` ("works" | "busy")
        QHTTP requests beside open sockets: both, or 703, and 568 for AT+QIOPEN during
        a request. Default "works": the HTTP manual names no such limit.
    ``socket_wear`` (0 | 20)
        The number of AT+QIOPEN after which each fails with 552 until a restart; 0 is
        none. Default 0: a fault of one firmware of a sibling.
    ``formats_at_start`` ("plain" | "viewmode" | "hex")
        AT+QICFG as another program has left it: data in the line of their length, or
        in hex digits. Default "plain": drivers that set neither get plain data.
    """

    chunked: Literal["decoded", "raw"] = "decoded"
    response_head: Literal["received", "rewritten"] = "received"
    reuse_sockets: bool = False
    bodyless_end: Literal["at_once", "on_close", "on_wait"] = "on_close"
    unread_response: Literal["replaced", "busy"] = "replaced"
    second_read: Literal[703, 705] = 703
    hangup_trailer: Literal["cme", "urc"] = "cme"
    cut_head: Literal["reported", "closed"] = "reported"
    urc_in_payload: Literal["never", "between"] = "never"
    sni_checkhost: bool = False
    prefix_key: bool = False
    pin_attempts: Literal["quoted", "bare", "refused"] = "quoted"
    echo_after_reset: bool = True
    cmee_after_reset: Literal[0, 1, 2] = 1
    qiact_active: Literal["error", "ok"] = "error"
    post_719: bool = False
    result_fields: Literal["full", "status", "error"] = "full"
    boot_urcs: BootUrcs = "full"
    get_ok: Literal["at_once", "connected"] = "at_once"
    bad_url: Literal["url", "request"] = "url"
    dns_error: Literal[714, 716] = 714
    input_timeout: Literal[726, 702, 722, 727, 728] = 726
    response_timeout: Literal[702, 728] = 702
    read_timeout: Literal[722, 702, 727] = 722
    lone_input_time: bool = False
    stored_response: Literal["replaced", "refused"] = "replaced"
    short_upload: Literal["ok", "error"] = "ok"
    download_end: Literal["line", "bare"] = "line"
    redirects: Literal["handed_on", "followed"] = "handed_on"
    later_commands: bool = False
    ca_bundle: Literal["whole", "first"] = "whole"
    result_urc: Literal["behind_ok", "with_ok", "before_ok"] = "behind_ok"
    missing_ok: Literal["never", "request", "read", "both"] = "never"
    line_end: Literal["crlf", "lf"] = "crlf"
    read_trailer: Trailer = "plain"
    echo_off: bool = True
    urc_flood: Literal[0, 1500] = 0
    surplus: Literal["dropped", "handed_out"] = "dropped"
    send_prompt: Literal["blank", "plain", "no_line_end"] = "blank"
    read_end: Literal["empty_line", "plain"] = "empty_line"
    push_end: Literal["nothing", "line_end"] = "nothing"
    recvind: Literal["unknown", "off", "on"] = "unknown"
    recv_urc: Literal["once", "sometimes_lost", "every_segment"] = "once"
    closed_urc: Literal["at_once", "after_read", "data_lost"] = "at_once"
    read_closed: Literal["empty", "error"] = "empty"
    client_state: Literal[2, 3] = 2
    open_closing: Literal["in_use", "error", "reopened"] = "in_use"
    failed_open: Literal["free", "taken"] = "free"
    close_unopened: Literal["ok", "error"] = "ok"
    send_closed: Literal["error", "prompt_error", "prompt_fail"] = "error"
    send_buffer: Literal["fail", "wait"] = "fail"
    receive_buffer: Literal[10240, 1500, 3000] = 10240
    prompt_time: Literal[120, 0] = 120
    payload_echo: Literal["off", "on", "as_ate"] = "off"
    urc_at_prompt: Literal["held", "between"] = "held"
    push_size: Literal[1460, 1500, "buffer"] = 1460
    close_answer: Literal["fin", "timeout", "at_once"] = "fin"
    close_meanwhile: Literal["queued", "refused"] = "queued"
    context_loss: Literal["pdpdeact", "closed", "unlisted"] = "pdpdeact"
    open_inactive: Literal["error", "urc"] = "error"
    open_dns_error: Literal[565, 566] = 565
    urc_in_data: Literal["held", "lost"] = "held"
    http_beside_sockets: Literal["works", "busy"] = "works"
    socket_wear: Literal[0, 20] = 0
    formats_at_start: Literal["plain", "viewmode", "hex"] = "plain"

    def __post_init__(self) -> None:
        for name, allowed in allowed_values().items():
            value = getattr(self, name)
            if not any(value is one or value == one for one in allowed):
                raise ValueError(f"switch {name}: {value!r} is none of {allowed}")

    @classmethod
    def from_text(cls, texts: Mapping[str, str]) -> Switches:
        """Make switches of text, as a command line or a URL has it.

        :param texts: name to value; True and False are ``1``/``0`` or
            ``true``/``false``.
        :raises ValueError: for an unknown name or value.
        """
        return cls(**{name: _value(name, text) for name, text in texts.items()})

    @classmethod
    def from_report(cls, path: str | os.PathLike[str]) -> Switches:
        """Make the switches of a module that was probed; the rest are defaults.

        :param path: of a file that ``requests-bg96 probe`` wrote.
        :raises OSError: if it cannot be read.
        :raises ValueError: if it is no such report.
        """
        with open(path, encoding="utf-8") as file:
            report = json.load(file)
        try:
            found = {name: one["value"] for name, one in report["switches"].items()}
            return cls(**found)
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"{path} is no report of a probe: {error!r}") from None


def allowed_values() -> dict[str, tuple[Any, ...]]:
    """Return every switch with the values that it can have."""
    hints = get_type_hints(Switches)
    return {
        name: get_args(hint) if get_origin(hint) is Literal else (False, True)
        for name, hint in hints.items()
    }


def _value(name: str, text: str) -> Any:
    allowed = allowed_values().get(name)
    if allowed is None:
        raise ValueError(f"unknown switch {name!r}")
    spellings = {str(value).lower(): value for value in allowed}
    if allowed == (False, True):
        spellings.update({"0": False, "1": True})
    try:
        return spellings[text.lower()]
    except KeyError:
        raise ValueError(f"switch {name}: {text!r} is none of {allowed}") from None
