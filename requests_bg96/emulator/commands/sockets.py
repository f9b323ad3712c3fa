"""TCP sockets (TCP/IP manual 2.1.4 to 2.1.10, 2.1.15, 2.1.16).

They fail with a bare ERROR. AT+QIGETERROR prints the reason.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..contexts import wrong_parameter
from ..parameters import Name, Number, Rest, Text
from ..prompt import LONGEST, collect_at_prompt
from ..registry import Lines, Registry, Reply
from ..results import Quiet
from ..scheduler import Procedure, Wait
from ..sockets import MOST_SOCKETS
from ..tcp_socket import AccessMode, SocketState, TcpSocket

if TYPE_CHECKING:
    from ..module import Module

__all__ = ("COMMANDS",)

COMMANDS = Registry(refuse=wrong_parameter)

CONTEXT = Number(1, 16)
SOCKET = Number(0, MOST_SOCKETS - 1)

#: The types of AT+QIOPEN. Only the first is emulated.
TYPES = ("TCP", "UDP", "TCP LISTENER", "UDP SERVICE")

#: The access mode in which the port belongs to one socket. It is not emulated.
TRANSPARENT = 2

#: The most bytes of one AT+QIRD (TCP/IP manual 2.1.8).
MOST_READ = 1500
#: The most hex digits of one AT+QISENDEX (TCP/IP manual 2.1.9).
MOST_DIGITS = 1024

#: The seconds that AT+QICLOSE waits for the server (TCP/IP manual 2.1.5).
CLOSE_TIME = 10

COMMANDS.test(
    "+QIOPEN",
    '+QIOPEN: (1-16),(0-11),"TCP/UDP/TCP LISTENER/UDP SERVICE",'
    '"<IP_address>/<domain_name>",<remote_port>,<local_port>,(0-2)',
)
COMMANDS.test("+QICLOSE", "+QICLOSE: (0-11),(0-65535)")
COMMANDS.test("+QISTATE")
COMMANDS.test("+QISEND", "+QISEND: (0-11),(0-1460)")
COMMANDS.test("+QIRD", "+QIRD: (0-11),(0-1500)")
COMMANDS.test("+QISENDEX", "+QISENDEX: (0-11),<hex_string>")
COMMANDS.test("+QISWTMD", "+QISWTMD: (0-11),(0-2)")
COMMANDS.test("+QISDE", "+QISDE: (0,1)")


@COMMANDS.write(
    "+QIOPEN",
    CONTEXT,
    SOCKET,
    Name(TYPES),
    Text(255),
    Number(0, 65535),
    Number(0, 65535, default=0),
    Number(0, TRANSPARENT, default=0),
)
def open_socket(
    module: Module,
    context: int,
    number: int,
    kind: str,
    host: str,
    port: int,
    local_port: int,
    mode: int,
) -> None:
    """Open a socket; a URC has the result (TCP/IP manual 2.1.4)."""
    if kind != TYPES[0] or mode == TRANSPARENT:
        raise module.contexts.fail(555)
    module.sockets.open(context, number, (host, port), local_port, AccessMode(mode))


@COMMANDS.write("+QICLOSE", SOCKET, Number(0, 65535, default=CLOSE_TIME))
def close(module: Module, number: int, seconds: int) -> Procedure[Lines]:
    """Close a socket, and wait until its server closes (TCP/IP manual 2.1.5)."""
    closing = module.sockets.close(number, seconds)
    if module.switches.close_meanwhile == "queued":
        yield from closing
        return None
    refusal = module.scheduler.spawn(_refuse_lines(module))
    try:
        yield from closing
    finally:
        refusal.cancel()
    return None


def _refuse_lines(module: Module) -> Procedure[None]:
    """Answer every line with ERROR."""
    terminal = module.terminal
    while True:
        yield Wait(terminal.input.when)
        _, typed = terminal.input.take(1)
        if typed[0] == terminal.registers[3]:
            terminal.final("ERROR")


@COMMANDS.read("+QISTATE")
@COMMANDS.execute("+QISTATE")
def states(module: Module) -> Reply:
    """Print the states of all sockets (TCP/IP manual 2.1.6)."""
    module.contexts.succeed()
    return [_state(module, socket) for socket in module.sockets.listed()]


@COMMANDS.write("+QISTATE", Number(0, 1), Number(0, 16))
def states_of(module: Module, query: int, number: int) -> Reply:
    """Print the states of a context's sockets, or of one (TCP/IP manual 2.1.6)."""
    module.contexts.succeed()
    return [
        _state(module, socket)
        for socket in module.sockets.listed()
        if number == (socket.number if query else socket.context)
    ]


def _state(module: Module, socket: TcpSocket) -> str:
    state = int(socket.state)
    if socket.state is SocketState.CONNECTED:
        state = module.switches.client_state
    return (
        f'+QISTATE: {socket.number},"TCP","{socket.host}",{socket.port},'
        f"{socket.local_port},{state},{socket.context},0,{int(socket.access)},"
        f'"{module.store.urc_port}"'
    )


@COMMANDS.write("+QISEND", SOCKET, Number(0, LONGEST, default=None))
def send(module: Module, number: int, length: int | None) -> Procedure[Lines]:
    """Send payload, or print how much was sent (TCP/IP manual 2.1.7)."""
    socket = module.sockets.require(number)
    if length == 0:
        unacknowledged = socket.unacknowledged
        acknowledged = socket.sent - unacknowledged
        return [f"+QISEND: {socket.sent},{acknowledged},{unacknowledged}"]
    _require_open(module, socket, at_prompt=False)
    payload = yield from collect_at_prompt(module, length)
    _require_open(module, socket, at_prompt=True)
    try:
        data = module.sockets.meant(payload)
    except ValueError:
        raise module.contexts.fail(552) from None
    yield from _send(module, socket, data)
    return None


@COMMANDS.write("+QISENDEX", SOCKET, Text(MOST_DIGITS))
def send_digits(module: Module, number: int, digits: str) -> Procedure[Lines]:
    """Send the bytes that the line has as hex digits (TCP/IP manual 2.1.9)."""
    socket = module.sockets.require(number)
    if socket.state is not SocketState.CONNECTED:
        raise module.contexts.fail(567)
    try:
        data = bytes.fromhex(digits)
    except ValueError:
        raise module.contexts.fail(552) from None
    yield from _send(module, socket, data)
    return None


def _require_open(module: Module, socket: TcpSocket, *, at_prompt: bool) -> None:
    """Refuse to send if the server has closed.

    :raises CommandFailed: if the firmware answers ERROR.
    :raises Quiet: after SEND FAIL.
    """
    if socket.state is SocketState.CONNECTED:
        return
    answer = module.switches.send_closed
    if answer == "error" or (at_prompt and answer == "prompt_error"):
        raise module.contexts.fail(567)
    if at_prompt:
        _end_send(module, "SEND FAIL")


def _send(module: Module, socket: TcpSocket, data: bytes) -> Procedure[None]:
    room = yield from module.sockets.room(socket, len(data))
    if not room or not data:
        module.contexts.fail(558)
        _end_send(module, "SEND FAIL")
    if socket.state is not SocketState.CONNECTED:
        # The server closed while the buffer was full.
        raise module.contexts.fail(567)
    socket.send(data)
    _end_send(module, "SEND OK")


def _end_send(module: Module, result: str) -> None:
    """Send the result of the payload in place of OK."""
    module.terminal.information([result])
    raise Quiet


@COMMANDS.write("+QIRD", SOCKET, Number(0, MOST_READ, default=MOST_READ))
def read(module: Module, number: int, length: int) -> Reply:
    """Print received bytes, or how many there are (TCP/IP manual 2.1.8)."""
    socket = module.sockets.require(number)
    if length == 0:
        return [f"+QIRD: {socket.received},{socket.read},{socket.unread}"]
    if socket.access is not AccessMode.BUFFER:
        raise module.contexts.fail(572)
    data = socket.take(length)
    if not data:
        over = socket.state is SocketState.CLOSING
        if over and module.switches.read_closed == "error":
            raise module.contexts.fail(567)
        return ["+QIRD: 0"]
    sockets, terminal = module.sockets, module.terminal
    line = f"+QIRD: {len(data)}"
    terminal.measured(line, sockets.shown(data), joint=sockets.joint)
    if module.switches.read_end == "empty_line":
        terminal.raw(terminal.line_end)
    return None


@COMMANDS.write("+QISWTMD", SOCKET, Number(0, TRANSPARENT))
def switch_mode(module: Module, number: int, mode: int) -> None:
    """Change the access mode of a socket (TCP/IP manual 2.1.10)."""
    socket = module.sockets.require(number)
    if mode == TRANSPARENT:
        raise module.contexts.fail(555)
    socket.access = AccessMode(mode)


@COMMANDS.read("+QISDE")
def payload_echo(module: Module) -> Reply:
    """Print whether the payload of sockets is echoed (TCP/IP manual 2.1.16)."""
    return [f"+QISDE: {module.sockets.payload_echo}"]


@COMMANDS.write("+QISDE", Number(0, 1))
def set_payload_echo(module: Module, echo: int) -> None:
    """Set whether the payload of sockets is echoed (TCP/IP manual 2.1.16)."""
    module.sockets.payload_echo = echo


#: The pattern and the test line of each key of AT+QICFG (TCP/IP manual 2.1.15).
KEYS = {
    "transpktsize": (r"[1-9]\d{0,2}|1[0-3]\d\d|14[0-5]\d|1460", "(1-1460)"),
    "transwaittm": (r"1?\d|20", "(0-20)"),
    "dataformat": (r"[01],[01]", "(0,1),(0,1)"),
    "viewmode": (r"[01]", "(0,1)"),
    "tcp/retranscfg": (
        r"([3-9]|1\d|20),([5-9]|[1-9]\d{1,2}|1000)",
        "(3-20),(5-1000)",
    ),
    "recvind": (r"[01]", "(0,1)"),
}


def _keys(module: Module) -> list[str]:
    known = module.switches.recvind != "unknown"
    return [key for key in KEYS if known or key != "recvind"]


@COMMANDS.test_form("+QICFG")
def settings(module: Module) -> Reply:
    """List the settings of all sockets."""
    return [f'+QICFG: "{key}",{KEYS[key][1]}' for key in _keys(module)]


@COMMANDS.write("+QICFG", Text(32), Rest())
def configure(module: Module, key: str, values: tuple[str, ...]) -> Reply:
    """Print or set one setting of all sockets (TCP/IP manual 2.1.15)."""
    module.contexts.succeed()
    key, text = key.lower(), ",".join(values)
    if key not in _keys(module):
        raise module.contexts.fail(552)
    if not values:
        return [f'+QICFG: "{key}",{module.sockets.settings[key]}']
    if not re.fullmatch(KEYS[key][0], text):
        raise module.contexts.fail(552)
    module.sockets.settings[key] = text
    return None
