"""Numbers and limits of the BG96, with their chapters in the manuals.

"HTTP manual" is the BG96 HTTP(S) AT Commands Manual V1.0, "AT manual" the BG96 AT
Commands Manual V2.2, "TCP manual" the BG96 TCP(IP) AT Commands Manual V1.0.
"""

from __future__ import annotations

import dataclasses

__all__ = (
    "BAUDRATES",
    "BITS_PER_BYTE",
    "BUSY",
    "CONTEXT_LOST",
    "DOUBTFUL",
    "FILE_LIMIT",
    "GET_LIMIT",
    "LASTING_REJECTS",
    "Limits",
    "POST_LIMIT",
    "SECONDS_LIMIT",
    "SOCKET_BROKEN",
    "SOCKET_BUSY",
    "SOCKET_CLOSED",
    "SOCKET_CONTEXT_LOST",
    "SOCKET_LATE",
    "SOCKET_REFUSED",
    "SOCKET_TAKEN",
    "SOCKET_UNRESOLVED",
    "SOCKET_WORN",
    "STATE_LOST",
    "URL_LIMIT",
    "UNRESOLVED",
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
#: Eight bits, a start bit and a stop bit.
BITS_PER_BYTE = 10
#: Rates of UART1, the factory's first (AT manual 3.5).
BAUDRATES = (115_200, 9_600, 19_200, 38_400, 57_600, 230_400, 460_800, 921_600)

#: The module is busy: wait and repeat (HTTP manual chapter 5, 4.4).
BUSY = frozenset({703, 704})
#: The module has lost its settings: set it up again.
STATE_LOST = frozenset({705, 712})
#: The results of noise in a command or URL, and of a module that has restarted
#: unnoticed: a plain ERROR, operation not allowed, not supported, incorrect parameters,
#: URL error, input timeout, invalid parameter.
DOUBTFUL = frozenset({None, 3, 4, 50, 711, 726, 730})
#: The PDP context is lost: deactivate and activate it (HTTP manual 4.5).
CONTEXT_LOST = frozenset({706, 707, 708, 709, 710})
#: The name has no address, or the module has no name server (HTTP manual 4.3).
UNRESOLVED = frozenset({714})
#: The network rejects the module, and will do so again: illegal MS or ME, packet
#: service not allowed, service option not supported or not subscribed, authentication
#: failure (3GPP TS 27.007 9.2.2, after the causes of TS 24.008 and TS 24.301).
LASTING_REJECTS = frozenset({103, 106, 107, 132, 133, 149})

# The numbers of sockets (TCP manual 4)

#: The PDP context of a socket is not active, or was lost.
SOCKET_CONTEXT_LOST = frozenset({561, 562, 570, 572})
#: The network has dropped the PDP context of a socket.
SOCKET_BROKEN = 570
#: Another socket has the number.
SOCKET_TAKEN = 563
#: The name has no address, or the module has no name server.
SOCKET_UNRESOLVED = 565
#: The server, or a host on the way, refuses the connection.
SOCKET_REFUSED = 566
#: The server has closed the connection.
SOCKET_CLOSED = 567
#: The module is busy with something else.
SOCKET_BUSY = frozenset({564, 568})
#: The server did not answer.
SOCKET_LATE = 569
#: Also the answer of a firmware whose sockets have worn out.
SOCKET_WORN = 552


@dataclasses.dataclass(frozen=True)
class Limits:
    """The limits of a module, in bytes; by default the manual's.

    :param url: for AT+QHTTPURL.
    :param get: for AT+QHTTPGET, header and body.
    :param post: for AT+QHTTPPOST, header and body.
    """

    url: int = URL_LIMIT
    get: int = GET_LIMIT
    post: int = POST_LIMIT
