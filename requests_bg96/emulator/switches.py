"""A switch for each behaviour that differs between firmwares, or is unknown."""

from __future__ import annotations

import dataclasses
import functools
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
    """The behaviour of one firmware. Each field has a default, with its reason.

    ``chunked`` ("decoded" | "raw")
        How QHTTPREAD prints a chunked body if responseheader=1. Default "decoded": a
        BG95 decodes it with responseheader=0, and one decoder for both is simpler
        (inference).
    ``response_head`` ("received" | "rewritten")
        The head with responseheader=1. Default "received": in BG96 transcripts, the
        fields have the server's order and spelling.
    ``reuse_sockets`` (bool)
        Whether the module keeps a connection for the next request. Default False: no
        transcript has a second request on one connection.
    ``bodyless_end`` ("at_once" | "on_close" | "on_wait")
        When a read of a response to HEAD, of 204 or of 304 ends. Default "on_close":
        the module does not look at the method, so it notices the end when the
        connection closes (inference).
    ``unread_response`` ("replaced" | "busy")
        What an unread response means for the next request. Default "replaced": field
        projects omit QHTTPREAD, and their next request works.
    ``second_read`` (703 | 705)
        The error of a QHTTPREAD after the response was read. Default 703: seen on a
        BG95.
    ``hangup_trailer`` ("cme" | "urc")
        The end of a read that fails: ``+CME ERROR: n``, or OK and ``+QHTTPREAD: n``.
        Default "cme": HTTP manual 2.6.
    ``cut_head`` ("reported" | "closed")
        The result if the server closes after the status line, before the empty line:
        success, or 719. Default "reported": the result URC needs only the status line
        (inference).
    ``urc_in_payload`` ("never" | "between")
        Whether URCs come between two packets of QHTTPREAD. Default "never": no
        transcript has one inside a body.
    ``sni_checkhost`` (bool)
        Whether QSSLCFG has sni, checkhost and ignorecertchain. Default False: SSL
        manual V1.0 does not have them; a later BG96 firmware does.
    ``prefix_key`` (bool)
        Whether QHTTPCFG has the key "prefix". Default False: HTTP manual 2.1 has five
        keys; a later BG96 firmware lists a sixth.
    ``pin_attempts`` ("quoted" | "bare" | "refused")
        How AT+QPINC? prints the SIM's attempts: with quotes, without, or not at all.
        Default "quoted": AT manual 5.7; siblings print SC and P2 without quotes.
    ``echo_after_reset`` (bool)
        The echo after a start: that of the stored profile if True, off if False.
        Default True: in a BG96 transcript, CFUN=1,1 turns the echo on again.
    ``cmee_after_reset`` (0 | 1 | 2)
        AT+CMEE after a start and after &F. Default 1: AT manual 12.2.
    ``qiact_active`` ("error" | "ok")
        The answer to AT+QIACT of an active context. Default "error": authors of drivers
        saw it on BG96 (https://github.com/zephyrproject-rtos/zephyr/pull/31325).
    ``post_719`` (bool)
        Whether an HTTPS QHTTPPOST with its own head and more than 2,048 bytes ends with
        719 after it reached the server. Default False: a fault of some firmwares
        (https://forums.quectel.com/t/bg96-qhttppost-error-719/8765).
    ``result_fields`` ("full" | "status" | "error")
        The fields of the URC of a success: error, status and length (if the head has
        it); no length; only the error. Default "full": HTTP manual 2.3.
    ``boot_urcs`` ("full" | "rdy" | "none")
        The URCs of a start: all, ``RDY`` only, none (they go to another port). Default
        "full": AT manual 12.7 and two BG96 drivers.
    ``get_ok`` ("at_once" | "connected")
        QHTTPGET with requestheader=0: OK comes before the connection, and failures are
        URCs; or OK comes after it, and failures are ``+CME ERROR``. Default "at_once":
        a BG96 transcript has OK after 3 ms, and the URC 4.9 s later.
    ``bad_url`` ("url" | "request")
        What refuses a URL without http(s): QHTTPURL, or the request (711). Default
        "url": HTTP manual 2.2 demands the prefix in the input (inference).
    ``dns_error`` (714 | 716)
        The error of a name without an address. Default 714: HTTP manual 4.3; a sibling
        of another maker prints 716.
    ``input_timeout`` (726 | 702 | 722 | 727 | 728)
        The error if a URL or a request has too few bytes in its time. Default 726:
        "Input timeout" in HTTP manual 5; no example shows it.
    ``response_timeout`` (702 | 728)
        The error if there is no response within <rsptime>. Default 702: seen on a BG96,
        although 728 means "Wait HTTP(S) response timeout".
    ``read_timeout`` (722 | 702 | 727)
        The error of a silence longer than <wait_time>. Default 722: "HTTP(S) read
        timeout" in HTTP manual 5.
    ``lone_input_time`` (bool)
        Whether QHTTPPOST accepts <input_time> without <rsptime>. Default False: HTTP
        manual 2.4 has both in one pair of brackets.
    ``stored_response`` ("replaced" | "refused")
        QHTTPREADFILE to an existing file: it replaces the file, or fails with 407.
        Default "replaced": HTTP manual 2.7 does not have this error (inference).
    ``short_upload`` ("ok" | "error")
        A QFUPL that gets too few bytes in its time: size, checksum and OK, or 421.
        Default "ok": in FILE manual 2.4, the answer has the number of received bytes.
    ``download_end`` ("line" | "bare")
        What comes between the data of QFDWL and its result: a line end, as before each
        line, or nothing. Default "line": AT manual 2.15 has no exception (inference).
    ``redirects`` ("handed_on" | "followed")
        A redirect of a GET whose head the module made: the host gets it, or the module
        follows it. Default "handed_on": in HTTP manual 2.3, the result has the server's
        status; a sibling of another maker follows.
    ``later_commands`` (bool)
        Whether there are QHTTPSTOP and QHTTPPUT. Default False: HTTP manual 2 has
        neither; siblings have both.
    ``ca_bundle`` ("whole" | "first")
        Which certificates of a CA file are used. Default "whole": SSL manual 2.1.1 has
        no limit; no driver is known that loads more than one.
    ``result_urc`` ("behind_ok" | "with_ok" | "before_ok")
        When the result of a request or a read comes: after OK, at once with it, or
        before it. Default "behind_ok": HTTP manual 2.3 to 2.7; in BG96 transcripts,
        some time is between them.
    ``missing_ok`` ("never" | "request" | "read" | "both")
        Which OK is missing: after the payload of a request, at the end of QHTTPREAD.
        Default "never": HTTP manual 2.3, 2.4, 2.6.
    ``line_end`` ("crlf" | "lf")
        The line end, before and after a line of the module. Default "crlf": AT manual
        2.15.
    ``read_trailer`` ("plain" | "none_before" | "two_before" | "none_between" |
    "two_between" | "two_behind")
        The number of line ends before the OK that ends QHTTPREAD, between OK and URC,
        and after the URC. Default "plain": one before and after each line, as in
        transcripts of BG96 and BG95.
    ``echo_off`` (bool)
        Whether ATE0 turns the echo off. Default True: AT manual 2.16.
    ``urc_flood`` (0 | 1500)
        URCs per second that nobody asked for. They are lost during a command and in
        data mode. Default 0: no transcript has them.
    ``surplus`` ("dropped" | "handed_out")
        The server's bytes after a body with a length or a last chunk: the module drops
        them, or prints them until the connection closes or <wait_time> is over.
        Default "dropped": a module that prints the length knows where the body ends
        (inference).
    ``joined_url`` ("both" | "first" | "error" | "results")
        AT+QHTTPURL behind other commands on a line: it is carried out, ignored,
        refused, or carried out after an OK of the others' own. Default "both": AT
        manual 1.2; no transcript has such a line.
    ``send_prompt`` ("blank" | "plain" | "no_line_end")
        The prompt of AT+QISEND: CR LF, ``>`` and a blank; no blank; no CR LF. Default
        "blank": a BG96 transcript.
    ``read_end`` ("empty_line" | "plain")
        What comes between the data of AT+QIRD and OK: CR LF CR LF, or CR LF. Default
        "empty_line": two BG96 transcripts; a driver expects CR LF.
    ``joined_reads`` ("both" | "first" | "error" | "results")
        A second AT+QIRD on one line: it is carried out, ignored, refused, or carried
        out after an OK of the first one's own. Default "both": AT manual 1.2; no
        transcript has such a line.
    ``push_end`` ("nothing" | "line_end")
        What comes after data in direct push mode. Default "nothing": TCP/IP manual
        2.2.2 prints nothing.
    ``recvind`` ("unknown" | "off" | "on")
        The key of AT+QICFG that adds a length to ``+QIURC: "recv"``, and its value at a
        start. Default "unknown": TCP/IP manual 2.1.15 does not have it.
    ``recv_urc`` ("once" | "sometimes_lost" | "every_segment")
        When ``+QIURC: "recv"`` comes for data while others are unread. Default "once":
        TCP/IP manual 2.2.2; a driver polls, because the URC is missing now and then.
    ``closed_urc`` ("at_once" | "after_read" | "data_lost")
        When ``+QIURC: "closed"`` comes if the buffer has unread data. Default
        "at_once": drivers continue to read after it.
    ``read_closed`` ("empty" | "error")
        AT+QIRD of a socket that the server has closed, after all data are read. Default
        "empty": the number is in use until AT+QICLOSE (TCP/IP manual 2.2.1).
    ``client_state`` (2 | 3)
        The state of a connected client in AT+QISTATE. Default 2: TCP/IP manual 2.1.6;
        one BG96 prints 3.
    ``open_closing`` ("in_use" | "error" | "reopened")
        AT+QIOPEN of a socket that the server has closed: 563 in the URC, ERROR, or a
        new connection. Default "in_use": TCP/IP manual 2.2.1, 4.
    ``failed_open`` ("free" | "taken")
        Whether a socket that failed to open needs AT+QICLOSE before the next attempt.
        Default "free": there is no connection to close (inference).
    ``close_unopened`` ("ok" | "error")
        AT+QICLOSE of a socket that is not open. Default "ok": a BG96 transcript.
    ``send_closed`` ("error" | "prompt_error" | "prompt_fail")
        AT+QISEND on a socket that the server has closed: ERROR, or the prompt and then
        ERROR or SEND FAIL. Default "error": TCP/IP manual 2.1.7.
    ``send_buffer`` ("fail" | "wait")
        Payload without room in the send buffer: SEND FAIL, or SEND OK once there is
        room. Default "fail": TCP/IP manual 2.1.7.
    ``receive_buffer`` (10240 | 1500 | 3000)
        The most bytes of one socket that wait for the host. Default 10240: the lowest
        setting of a sibling.
    ``prompt_time`` (120 | 0)
        The seconds until ERROR if the host sends too little at the prompt; 0 is no
        limit. Default 120: the response time in the application note of a sibling.
    ``payload_echo`` ("off" | "on" | "as_ate")
        AT+QISDE at a start; "as_ate" echoes payload only with ATE1. Default "off":
        drivers that never set it get no echo.
    ``urc_at_prompt`` ("held" | "between")
        URCs and pushed data between the prompt and the result. Default "held": in
        TCP/IP manual 2.2, URCs come outside answers.
    ``push_size`` (1460 | 1500 | "buffer")
        The most bytes of one push. Default 1460: one segment; no sample is longer.
    ``close_answer`` ("fin" | "timeout" | "at_once")
        What AT+QICLOSE waits for: the server's end, all its time, nothing. Default
        "fin": TCP/IP manual 2.1.5.
    ``close_meanwhile`` ("queued" | "refused")
        Commands while AT+QICLOSE waits: they run after it, or get ERROR. Default
        "queued": TCP/IP manual 2.1.5 allows no other command during the wait.
    ``context_loss`` ("pdpdeact" | "closed" | "unlisted")
        What happens to the sockets of a lost context: nothing, the URC "closed" for
        each, or they disappear from AT+QISTATE. Default "pdpdeact": TCP/IP manual
        2.2.5.
    ``open_inactive`` ("error" | "urc")
        AT+QIOPEN without an active context: ERROR, or 561 in the URC. Default "error":
        in TCP/IP manual 2.1.4, the command needs the context.
    ``open_dns_error`` (565 | 566)
        The error of AT+QIOPEN of a name without an address. Default 565: TCP/IP manual
        4.
    ``urc_in_data`` ("held" | "lost")
        URCs while the port is in data mode. Default "held": in BG96 transcripts, they
        come after data, never inside.
    ``http_beside_sockets`` ("works" | "busy")
        HTTP requests while a socket is open: both work, or requests fail with 703, and
        AT+QIOPEN fails with 568 during a request. Default "works": the HTTP manual has
        no such limit.
    ``socket_wear`` (0 | 20)
        The number of AT+QIOPEN after which each fails with 552 until a restart; 0 is
        none. Default 0: a fault of one firmware of a sibling.
    ``sleep_input`` ("lost" | "wakes")
        Bytes for a module that sleeps (AT+QSCLK=1): they are lost, or they are lost and
        wake it. Default "lost": only DTR wakes (Hardware Design 3.4.4.1).
    ``formats_at_start`` ("plain" | "viewmode" | "hex")
        AT+QICFG as another program has left it: data on the line of their length, or as
        hex digits. Default "plain": drivers that set neither get plain data.
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
    joined_url: Literal["both", "first", "error", "results"] = "both"
    send_prompt: Literal["blank", "plain", "no_line_end"] = "blank"
    read_end: Literal["empty_line", "plain"] = "empty_line"
    joined_reads: Literal["both", "first", "error", "results"] = "both"
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
    sleep_input: Literal["lost", "wakes"] = "lost"
    formats_at_start: Literal["plain", "viewmode", "hex"] = "plain"

    def __post_init__(self) -> None:
        for name, allowed in allowed_values().items():
            value = getattr(self, name)
            if not any(value is one or value == one for one in allowed):
                raise ValueError(f"switch {name} is {value!r}: use one of {allowed}")

    @classmethod
    def from_text(cls, texts: Mapping[str, str]) -> Switches:
        """Make switches from text, as in a URL or on a command line.

        :param texts: names and values. True and False are ``1`` and ``0``, or ``true``
            and ``false``.
        :raises ValueError: if a name or a value is unknown.
        """
        return cls(**{name: _value(name, text) for name, text in texts.items()})

    @classmethod
    def from_report(cls, path: str | os.PathLike[str]) -> Switches:
        """Make the switches of a module from its report; the others are defaults.

        :param path: the file that ``requests-bg96 probe`` wrote.
        :raises OSError: if it cannot be read.
        :raises ValueError: if it is not such a report.
        """
        with open(path, encoding="utf-8") as file:
            report = json.load(file)
        try:
            found = {name: one["value"] for name, one in report["switches"].items()}
            return cls(**found)
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"{path} is not a report of a probe: {error!r}") from None


@functools.cache
def allowed_values() -> Mapping[str, tuple[Any, ...]]:
    """Return all switches, with their possible values."""
    hints = get_type_hints(Switches)
    return {
        name: get_args(hint) if get_origin(hint) is Literal else (False, True)
        for name, hint in hints.items()
    }


def _value(name: str, text: str) -> Any:
    allowed = allowed_values().get(name)
    if allowed is None:
        raise ValueError(f"there is no switch {name!r}")
    spellings = {str(value).lower(): value for value in allowed}
    if allowed == (False, True):
        spellings.update({"0": False, "1": True})
    try:
        return spellings[text.lower()]
    except KeyError:
        raise ValueError(f"switch {name} is {text!r}: use one of {allowed}") from None
