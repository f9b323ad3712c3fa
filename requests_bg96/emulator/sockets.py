"""The sockets of one module, and their common settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .scheduler import NEVER, NOW, Procedure, Wait
from .tcp_socket import AccessMode, SocketState, TcpSocket

if TYPE_CHECKING:
    from .module import Module

__all__ = ("MOST_SOCKETS", "SEND_BUFFER", "Sockets")

#: The most sockets, in all contexts together (TCP/IP manual 2.1.4).
MOST_SOCKETS = 12

#: The most bytes that may be unacknowledged. No document has a number.
SEND_BUFFER = 8192

#: The seconds that a command waits for room in that buffer, if the switch
#: ``send_buffer`` says so: the response time in the application note of the BG95.
SEND_TIME = 120.0

#: The first local port that the module chooses (RFC 6335 6).
FIRST_PORT = 49152

#: The values of AT+QICFG at a start (TCP/IP manual 2.1.15).
DEFAULTS = {
    "transpktsize": "1024",
    "transwaittm": "2",
    "dataformat": "0,0",
    "viewmode": "0",
    "tcp/retranscfg": "8,600",
    "recvind": "0",
}


class Sockets:
    """The state that the socket commands use.

    :param module: the module.
    """

    def __init__(self, module: Module) -> None:
        self._module = module
        self._sockets: dict[int, TcpSocket] = {}
        # Sockets that are closing, although their numbers are free.
        self._ending: list[TcpSocket] = []
        self.reset()

    def reset(self) -> None:
        """Close all sockets, and restore the settings."""
        for socket in (*self._sockets.values(), *self._ending):
            socket.drop()
        self._sockets.clear()
        self._ending.clear()
        self._opened = 0
        #: The number of the socket with the last push.
        self.pushed = 0
        switches = self._module.switches
        self.payload_echo = int(switches.payload_echo != "off")
        self.settings = dict(DEFAULTS)
        if switches.recvind == "on":
            self.settings["recvind"] = "1"
        if switches.formats_at_start == "viewmode":
            self.settings["viewmode"] = "1"
        if switches.formats_at_start == "hex":
            self.settings["dataformat"] = "1,1"

    # The settings.

    @property
    def echoes(self) -> bool:
        """Whether the payload at the prompt is echoed (TCP/IP manual 2.1.16)."""
        as_ate = self._module.switches.payload_echo == "as_ate"
        return bool(self.payload_echo) and not (
            as_ate and not self._module.terminal.profile.echo
        )

    @property
    def tells_length(self) -> bool:
        """Whether the URC "recv" tells the number of bytes in the buffer."""
        return self.settings["recvind"] == "1"

    @property
    def joint(self) -> bool:
        """Whether data come on the line of their length."""
        return self.settings["viewmode"] == "1"

    def shown(self, data: bytes) -> bytes:
        """Return data in the format for the host."""
        if self.settings["dataformat"].endswith("1"):
            return data.hex().upper().encode()
        return data

    def meant(self, payload: bytes) -> bytes:
        """Return the data of a payload, which may be hex digits.

        :raises ValueError: if they are not hex digits.
        """
        if self.settings["dataformat"].startswith("1"):
            return bytes.fromhex(payload.decode("ascii"))
        return payload

    # The table.

    def listed(self) -> list[TcpSocket]:
        """Return all sockets, by number."""
        return [self._sockets[number] for number in sorted(self._sockets)]

    def get(self, number: int) -> TcpSocket | None:
        """Return the socket with a number, or None."""
        return self._sockets.get(number)

    def require(self, number: int) -> TcpSocket:
        """Return the socket with a number, whose connection was made.

        :raises CommandFailed: if there is none (572 in AT+QIGETERROR).
        """
        self._module.contexts.succeed()
        socket = self._sockets.get(number)
        if socket is None or socket.state is SocketState.OPENING:
            raise self._module.contexts.fail(572)
        return socket

    def next_push(self) -> int:
        """Return the number of the socket that may push next. Sockets take turns."""
        waiting = [one.number for one in self.listed() if one.has_pushes]
        return min(waiting, key=lambda one: (one - self.pushed - 1) % MOST_SOCKETS)

    @property
    def keep_http_out(self) -> bool:
        """Whether the sockets make the module too busy for HTTP."""
        alone = self._module.switches.http_beside_sockets == "busy"
        return alone and bool(self._sockets)

    # Actions.

    def open(
        self,
        context: int,
        number: int,
        peer: tuple[str, int],
        local_port: int,
        access: AccessMode,
    ) -> None:
        """Open a socket; the URC has the result.

        :param context: the number of the PDP context.
        :param number: the number of the socket.
        :param peer: the server's host and port.
        :param local_port: the port at the module; 0 is any.
        :param access: how the host gets received data.
        :raises CommandFailed: if the firmware refuses it at once.
        """
        module = self._module
        module.contexts.succeed()
        socket = TcpSocket(module, number, context, peer, local_port, access)
        if error := self._refusal(context, number):
            module.scheduler.spawn(_refuse(socket, error))
            return
        old = self._sockets.pop(number, None)
        if old:
            old.drop()
        self._opened += 1
        socket.local_port = local_port or FIRST_PORT + self._opened % 0x4000
        self._sockets[number] = socket
        module.scheduler.spawn(socket.run(self._failed))

    def _refusal(self, context: int, number: int) -> int:
        """Return the error that the URC has without an attempt, or 0."""
        module = self._module
        switches = module.switches
        if not module.contexts[context].active:
            if switches.open_inactive == "error":
                raise module.contexts.fail(561)
            return 561
        old = self._sockets.get(number)
        if old and (
            old.state is not SocketState.CLOSING or switches.open_closing != "reopened"
        ):
            if old.state is SocketState.CLOSING and switches.open_closing == "error":
                raise module.contexts.fail(563)
            return 563
        if switches.http_beside_sockets == "busy" and module.http.under_way:
            return 568
        worn = switches.socket_wear and self._opened >= switches.socket_wear
        return 552 if worn else 0

    def _failed(self, socket: TcpSocket) -> None:
        if self._module.switches.failed_open == "free":
            del self._sockets[socket.number]

    def close(self, number: int, seconds: int) -> Procedure[None]:
        """Close a socket.

        :param number: the number of the socket.
        :param seconds: the longest wait for the server to close.
        :raises CommandFailed: if there is no such socket and the firmware refuses that.
        """
        module = self._module
        module.contexts.succeed()
        socket = self._sockets.get(number)
        if socket is None:
            if module.switches.close_unopened == "error":
                raise module.contexts.fail(572)
            return
        if module.switches.close_answer == "at_once":
            del self._sockets[number]
            module.scheduler.spawn(self._end(socket, seconds))
            return
        started = module.scheduler.now
        held = socket.state is SocketState.CONNECTED
        yield from socket.shut_down(seconds)
        if module.switches.close_answer == "timeout" and held:
            left = started + seconds - module.scheduler.now
            yield from module.scheduler.sleep(left)
        # If the context was lost, the number is free already.
        self._sockets.pop(number, None)

    def _end(self, socket: TcpSocket, seconds: float) -> Procedure[None]:
        self._ending.append(socket)
        yield from socket.shut_down(seconds)
        if socket in self._ending:
            self._ending.remove(socket)

    def room(self, socket: TcpSocket, length: int) -> Procedure[bool]:
        """Return whether `length` bytes can be sent. The firmware may wait for room."""

        def there() -> float:
            fits = socket.unacknowledged + length <= SEND_BUFFER
            return NOW if fits or socket.state is not SocketState.CONNECTED else NEVER

        if there() == NEVER and self._module.switches.send_buffer == "wait":
            yield Wait(there, self._module.scheduler.now + SEND_TIME)
        return there() == NOW

    def context_closed(self, number: int) -> None:
        """Close the sockets of a context that the host has deactivated."""
        for socket in self._of(number):
            socket.drop()
            del self._sockets[socket.number]

    def context_lost(self, number: int) -> None:
        """Close the sockets of a context that the network has dropped."""
        switches = self._module.switches
        for socket in self._of(number):
            opening = socket.state is SocketState.OPENING
            socket.lose()
            if opening or switches.context_loss == "unlisted":
                del self._sockets[socket.number]
            elif switches.context_loss == "closed":
                socket.say_closed()

    def hang_up(self) -> None:
        """Close all connections, as the servers do."""
        for socket in self.listed():
            socket.hang_up()

    def _of(self, context: int) -> list[TcpSocket]:
        return [one for one in self.listed() if one.context == context]


def _refuse(socket: TcpSocket, error: int) -> Procedure[None]:
    socket.say_opened(error)
    yield from ()
