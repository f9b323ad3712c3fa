"""Final result codes, and error numbers with their texts."""

from __future__ import annotations

__all__ = ("CommandFailed", "FINAL_NUMBERS", "Quiet", "cme_text")

#: The numbers of the result codes with ATV0 (AT manual 2.15, Table 3).
FINAL_NUMBERS = {
    "OK": 0,
    "CONNECT": 1,
    "RING": 2,
    "NO CARRIER": 3,
    "ERROR": 4,
    "NO DIALTONE": 6,
    "BUSY": 7,
    "NO ANSWER": 8,
}

#: AT manual 12.5; "SIM not inserted" is the text of the sample in 2.23.
_GENERAL = {
    3: "operation not allowed",
    4: "operation not supported",
    10: "SIM not inserted",
    11: "SIM PIN required",
    12: "SIM PUK required",
    13: "SIM failure",
    14: "SIM busy",
    15: "SIM wrong",
    16: "incorrect password",
    21: "invalid index",
    22: "not found",
    30: "no network service",
    31: "network timeout",
}

#: 3GPP TS 27.007 9.2.2. The AT manual does not list them, and says that its list is not
#: complete.
_PACKET_DOMAIN = {
    103: "Illegal MS",
    106: "Illegal ME",
    107: "GPRS services not allowed",
    111: "PLMN not allowed",
    112: "Location area not allowed",
    113: "Roaming not allowed in this location area",
    132: "service option not supported",
    133: "requested service option not subscribed",
    134: "service option temporarily out of order",
    148: "unspecified GPRS error",
    149: "PDP authentication failure",
}

#: FILE manual 4.
_FILE = {
    400: "invalid input value",
    401: "larger than the size of the file",
    402: "read zero byte",
    403: "drive full",
    405: "file not found",
    406: "invalid file name",
    407: "file already existed",
    409: "fail to write the file",
    410: "fail to open the file",
    411: "fail to read the file",
    413: "reach the max number of file allowed to be opened",
    414: "the file read-only",
    416: "invalid file descriptor",
    417: "fail to list the file",
    418: "fail to delete the file",
    419: "fail to get disk info",
    420: "no space",
    421: "time out",
    423: "file too large",
    425: "invalid parameter",
    426: "file already opened",
}

#: HTTP manual chapter 5.
_HTTP = {
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

#: The errors of AT+QIGETERROR (TCP/IP manual 4).
TCP_ERRORS = {
    0: "operate successfully",
    550: "unknown error",
    551: "operation blocked",
    552: "invalid parameters",
    553: "memory not enough",
    554: "create socket failed",
    555: "operation not supported",
    556: "socket bind failed",
    557: "socket listen failed",
    558: "socket write failed",
    559: "socket read failed",
    560: "socket accept failed",
    561: "open PDP context failed",
    562: "close PDP context failed",
    563: "socket identity has been used",
    564: "DNS busy",
    565: "DNS parse failed",
    566: "socket connect failed",
    567: "socket has been closed",
    568: "operation busy",
    569: "operation timeout",
    570: "PDP context broken down",
    571: "cancel send",
    572: "operation not allowed",
    573: "APN not configured",
    574: "port busy",
}

CME_TEXTS = {**_GENERAL, **_PACKET_DOMAIN, **_FILE, **_HTTP}


class CommandFailed(Exception):
    """A command fails, and the rest of its line is not run.

    :param code: the number after ``+CME ERROR:``; None is a bare ``ERROR``.
    """

    def __init__(self, code: int | None = None) -> None:
        super().__init__(code)
        self.code = code


class Quiet(Exception):
    """A command line ends without a result code."""


def cme_text(code: int) -> str:
    """Return the text of an error number with AT+CMEE=2."""
    return CME_TEXTS.get(code, "unknown")
