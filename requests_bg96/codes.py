"""Numbers and limits of the BG96, each with its place in the manuals.

"HTTP manual" is the BG96 HTTP(S) AT Commands Manual V1.0, "AT manual" the BG96 AT
Commands Manual V2.2, "TCP manual" the BG96 TCP(IP) AT Commands Manual V1.0.
"""

from __future__ import annotations

__all__ = (
    "BAUDRATES",
    "BUSY",
    "CME_MEANING",
    "CONNECT_SECONDS",
    "CONTEXT_LOST",
    "DOUBTFUL",
    "FILE_LIMIT",
    "GET_LIMIT",
    "GUARD_SECONDS",
    "HTTP_MEANING",
    "POST_LIMIT",
    "SECONDS_LIMIT",
    "STATE_LOST",
    "URL_LIMIT",
    "UNRESOLVED",
    "USB_ID",
    "meaning",
)

#: Bytes that AT+QHTTPURL takes (HTTP manual 2.2).
URL_LIMIT = 700
#: Bytes of request, header and body, that AT+QHTTPGET takes (HTTP manual 2.3).
GET_LIMIT = 2_048
#: Bytes of request, header and body, that AT+QHTTPPOST takes (HTTP manual 2.4).
POST_LIMIT = 1_024_000
#: Bytes that a BG96's file system holds, empty (FILE manual's sample, and drivers).
FILE_LIMIT = 14_483_456
#: Largest value of every time parameter, in seconds (HTTP manual 2.2 to 2.7).
SECONDS_LIMIT = 65_535
#: Longest wait for CONNECT of AT+QHTTPGET and AT+QHTTPPOST (HTTP manual 2.3, 2.4).
CONNECT_SECONDS = 125.0
#: Silence wanted on either side of "+++" (HTTP manual 1.3).
GUARD_SECONDS = 1.0
#: Rates of UART1, the factory's first (AT manual 3.5).
BAUDRATES = (115_200, 9_600, 19_200, 38_400, 57_600, 230_400, 460_800, 921_600)
#: Vendor and product of the module on USB (Linux USB driver guide V1.8, table 2).
USB_ID = (0x2C7C, 0x0296)

#: HTTP manual, chapter 5.
HTTP_MEANING = {
    701: "HTTP(S) unknown error",
    702: "HTTP(S) timeout",
    703: "HTTP(S) busy",
    704: "HTTP(S) UART busy",
    705: "HTTP(S) no GET/POST requests",
    706: "HTTP(S) network busy",
    707: "HTTP(S) network open failed",
    708: "HTTP(S) network no configuration",
    709: "HTTP(S) network deactivated",
    710: "HTTP(S) network error",
    711: "HTTP(S) URL error",
    712: "HTTP(S) empty URL",
    713: "HTTP(S) IP address error",
    714: "HTTP(S) DNS error",
    715: "HTTP(S) socket create error",
    716: "HTTP(S) socket connect error",
    717: "HTTP(S) socket read error",
    718: "HTTP(S) socket write error",
    719: "HTTP(S) socket closed",
    720: "HTTP(S) data encode error",
    721: "HTTP(S) data decode error",
    722: "HTTP(S) read timeout",
    723: "HTTP(S) response failed",
    724: "Incoming call busy",
    725: "Voice call busy",
    726: "Input timeout",
    727: "Wait data timeout",
    728: "Wait HTTP(S) response timeout",
    729: "Memory allocation failed",
    730: "Invalid parameter",
}

#: AT manual 12.5; those that bringing up a connection can meet.
CME_MEANING = {
    0: "phone failure",
    3: "operation not allowed",
    4: "operation not supported",
    10: "SIM not inserted",
    11: "SIM PIN required",
    12: "SIM PUK required",
    13: "SIM failure",
    14: "SIM busy",
    15: "SIM wrong",
    16: "incorrect password",
    30: "no network service",
    31: "network timeout",
    50: "incorrect parameters",
}

#: The module is occupied: wait and repeat (HTTP manual chapter 5, 4.4).
BUSY = frozenset({703, 704})
#: The module has forgotten what it was told: set it up again.
STATE_LOST = frozenset({705, 712})
#: What noise in a command, or in a URL, makes of it, and what a module says that has
#: restarted unnoticed: a plain ERROR, operation not allowed, not supported, incorrect
#: parameters, URL error, input timeout, invalid parameter.
DOUBTFUL = frozenset({None, 3, 4, 50, 711, 726, 730})
#: The PDP context is not there: deactivate and activate it (HTTP manual 4.5).
CONTEXT_LOST = frozenset({706, 707, 708, 709, 710})
#: The name has no address; or the module has no name server (HTTP manual 4.3).
UNRESOLVED = frozenset({714})


def meaning(err: int) -> str:
    """Return what the manuals call the error number `err`."""
    return HTTP_MEANING.get(err) or CME_MEANING.get(err) or "not in the manuals"
