"""The lines of the module that logs and errors may show.

A line on the port need not be the module's. It may be part of a body, or an echo with a
PIN in it. So a line is shown only if its name and the form of its value are known, and
such a value cannot hold a secret. Any other line is shown by its length.
"""

from __future__ import annotations

import re

__all__ = ("printable", "recognisable")

_NUMBERS = rb"[0-9]{1,9}(?:, ?[0-9]{1,9}){0,5}|(?:,?\([0-9,-]{1,24}\)){1,5}"
_SIZE_AND_SUM = rb"[0-9]{1,9}, ?[0-9A-Fa-f]{1,4}"
_REGISTRATION = (
    rb'[0-9]{1,2}(?:, ?[0-9]{1,2})?(?:, ?"[0-9A-Fa-f]{1,8}"){0,2}(?:, ?[0-9]{1,2})?'
)
_ADDRESS = rb'"[0-9A-Fa-f.:]{0,45}"'
_OWN_FILE = rb'"(?:UFS:)?[0-9a-f]{8}\.(?:ca|crt|key|req|rsp)"'
_SETTING = rb'"[a-z]{1,20}"(?:, ?(?:[0-9xXA-Fa-f,()-]{1,60}|%b))*' % _OWN_FILE

#: By name: the form of the values that may be shown; None if no value may.
_VALUES: dict[bytes, bytes | None] = {
    b"+CCLK": rb'"[0-9/:,+-]{0,24}"',
    b"+CFUN": _NUMBERS,
    b"+CGATT": _NUMBERS,
    b"+CME ERROR": rb"[0-9]{1,9}",
    b"+CMS ERROR": rb"[0-9]{1,9}",
    b"+CPIN": rb"READY|NOT (?:READY|INSERTED)|(?:SIM|PH-[A-Z]{2,6}) P(?:IN|UK)2?",
    b"+CSQ": _NUMBERS,
    b"+IFC": _NUMBERS,
    b"+IPR": _NUMBERS,
    b"+QFDWL": _SIZE_AND_SUM,
    b"+QFLDS": _NUMBERS,
    b"+QFLST": _OWN_FILE + rb",[0-9]{1,9}",
    b"+QFOPEN": _NUMBERS,
    b"+QFUPL": _SIZE_AND_SUM,
    b"+QFWRITE": _NUMBERS,
    b"+QHTTPCFG": _SETTING,
    b"+QHTTPGET": _NUMBERS,
    b"+QHTTPPOST": _NUMBERS,
    b"+QHTTPPOSTFILE": _NUMBERS,
    b"+QHTTPREAD": _NUMBERS,
    b"+QHTTPREADFILE": _NUMBERS,
    b"+QHTTPURL": _NUMBERS,
    b"+QIACT": rb"[0-9,]{1,9}," + _ADDRESS,
    # Contains the APN's user name and password.
    b"+QICFG": rb'"[a-z/]{1,20}"(?:, ?[0-9]{1,5}){1,4}',
    b"+QICSGP": None,
    b"+QIDNSCFG": rb"[0-9]{1,2}(?:, ?%b){0,2}" % _ADDRESS,
    b"+QIGETERROR": rb"[0-9]{1,4}, ?[A-Za-z ]{0,40}",
    b"+QIND": rb"(?:SMS|PB) DONE",
    b"+QINISTAT": _NUMBERS,
    b"+QIOPEN": _NUMBERS,
    b"+QIRD": _NUMBERS,
    b"+QISDE": _NUMBERS,
    b"+QISEND": _NUMBERS,
    # Contains the address of the server.
    b"+QISTATE": None,
    b"+QIURC": rb'"(?:pdpdeact|recv|closed)", ?[0-9]{1,2}|"incoming full"',
    b"+QPINC": rb'"?(?:SC|P2)"?, ?[0-9]{1,2}, ?[0-9]{1,2}',
    b"+QSSLCFG": _SETTING,
    b"+QUSIM": _NUMBERS,
    # Registration, with the cell.
    **dict.fromkeys((b"+CREG", b"+CGREG", b"+CEREG"), _REGISTRATION),
}
#: Lines without a name: result codes, lines of a start, and the module's identity.
_BARE = re.compile(
    rb"OK|ERROR|NO CARRIER|BUSY|NO ANSWER|NO DIALTONE|ABORTED|CONNECT(?: [0-9]{1,7})?|"
    rb"SEND OK|SEND FAIL|RDY|APP RDY|(?:POWERED|NORMAL POWER|PSM POWER) DOWN|RING|"
    rb"Quectel|(?:BG|EC|EG|UC|UG|EM)[0-9]{2}(?:-[A-Z0-9]{1,4})?|"
    rb"Revision: (?:BG|EC|EG|UC|UG|EM)[0-9]{2}[A-Z0-9_.]{1,24}"
)
_FORMS = {name: re.compile(form) if form else None for name, form in _VALUES.items()}


def recognisable(line: bytes) -> bool:
    """Return whether `line` is a known line of a module that holds no secret."""
    if _BARE.fullmatch(line):
        return True
    name, _, value = line.partition(b":")
    form = _FORMS.get(name)
    return form is not None and form.fullmatch(value.strip(b" ")) is not None


def printable(line: bytes) -> str:
    """Return `line` in a form that may be shown: the line, or its length."""
    if recognisable(line):
        return line.decode("ascii")
    name = line.partition(b":")[0]
    if name in _FORMS and len(name) < len(line):
        value = len(line) - len(name) - 1
        return f"{name.decode('ascii')}: a value of {value} bytes"
    return f"a line of {len(line)} bytes"
