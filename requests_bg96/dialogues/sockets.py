"""TCP sockets of the module, in buffer mode (TCP manual 2.1.4 to 2.1.9).

The module keeps what has come until it is asked for. So the server is held back while
nobody reads, and a lost URC costs a question, not a byte.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from ..at.parameters import joined, number, quoted
from ..at.socket_steps import MOST_READ, MOST_SENT, Fetch, Fetched, Send
from ..at.steps import Command, Dialogue, Reply, asked
from ..base import repeating, times
from ..base.channels import TcpChannel, TcpChannels
from ..base.codes import SOCKET_BROKEN, SOCKET_CLOSED
from ..base.knowledge import Knowledge
from ..errors import (
    BG96Error,
    LimitError,
    ModuleError,
    Phase,
    SetupError,
    TransferError,
)
from ..settings import Settings

__all__ = (
    "MOST_READ",
    "MOST_SENT",
    "check_peer",
    "close",
    "examine",
    "examine_opening",
    "fetch",
    "has_room",
    "open_socket",
    "prepare",
    "send",
)

#: The most reads of one line. A module keeps at least 10 kB, says EG25's manual; none
#: tells how long an answer may be.
MOST_JOINED = 4

#: The longest name that DNS knows (RFC 1035 2.3.4).
HOST_LIMIT = 253
PORTS = range(1, 65_536)
#: <socket_state> of AT+QISTATE (TCP manual 2.1.6). A BG96 was seen to show 3 for a
#: connected client.
OPENING, CLOSING = 1, 4

#: The settings that make payload plain bytes: for each question, the right answer and
#: the command that sets it (TCP manual 2.1.15, 2.1.16).
FORMATS = {
    "+QISDE?": ("+QISDE", "0", "+QISDE=0"),
    '+QICFG="viewmode"': ("+QICFG", '"viewmode",0', '+QICFG="viewmode",0'),
    '+QICFG="dataformat"': ("+QICFG", '"dataformat",0,0', '+QICFG="dataformat",0,0'),
}


@dataclasses.dataclass(frozen=True)
class _Listed:
    """A line of AT+QISTATE.

    :param state: <socket_state>.
    :param mode: <access_mode>; 0 is buffer mode.
    """

    state: int
    mode: int


def check_peer(host: str, port: int) -> None:
    """Refuse a server that cannot be part of AT+QIOPEN.

    :raises LimitError: if it cannot.
    """
    quoted(host, "host name", HOST_LIMIT)
    if not host or port not in PORTS:
        raise LimitError("a server needs a host name, and a port from 1 to 65535")


def prepare(known: Knowledge, channels: TcpChannels) -> Dialogue[None]:
    """Compare the module's sockets with ours, once after each start or doubt.

    A socket that the module does not have is dead. A socket that is not ours was left
    by another program, and is closed.

    :raises SetupError: if the settings of sockets cannot be set.
    """
    if known.told.sockets:
        return
    listed = yield from _listing("+QISTATE")
    for channel in channels.all:
        _compare(channel, listed.pop(channel.number, None))
    channels.unclosed.update(listed)
    yield from close(channels)
    yield from _set_formats()
    known.told.sockets = True


def _compare(channel: TcpChannel, listed: _Listed | None) -> None:
    channel.hinted = True
    if listed is None:
        channel.kill(
            TransferError(
                "the module does not have this socket any more: it has restarted, or "
                "has dropped the connection"
            )
        )
    elif listed.mode:
        channel.kill(TransferError("noise has opened this socket in another mode"))


def _set_formats() -> Dialogue[None]:
    """Make the module pass on payload as it is, and tell no lengths in URCs."""
    for _ in repeating.SOCKET_FORMATS.times:
        reply = yield from asked(Command(joined(*FORMATS)))
        wrong = [
            command
            for name, right, command in FORMATS.values()
            if right not in reply.values(name)
        ]
        if not wrong:
            break
        for command in wrong:
            yield from asked(Command(command))
    else:
        raise SetupError(
            "the module does not keep the settings of its sockets; send requests with "
            'via="line"',
            command="AT+QICFG",
        )
    # A length in a URC announces bytes in direct push mode, but not if this is 1. A
    # BG96's manual does not know this setting.
    reply = yield from asked(Command('+QICFG="recvind"'))
    if '"recvind",1' in reply.values("+QICFG"):
        yield from asked(Command('+QICFG="recvind",0'))


def _listing(text: str) -> Dialogue[dict[int, _Listed]]:
    """Return what the module tells of its sockets, by their numbers."""
    for _ in repeating.SOCKET_REFUSED.times:
        reply = yield from asked(Command(text))
        if reply.ok:
            break
    else:
        raise ModuleError(reply.err, f"AT{text}")
    found = {}
    for value in reply.values("+QISTATE"):
        fields = value.split(",")
        connect_id, *rest = map(number, fields[:1] + fields[5:6] + fields[8:9])
        if connect_id is None or len(rest) < 2 or None in rest:
            raise TransferError("the answer to AT+QISTATE is not readable")
        found[connect_id] = _Listed(rest[0] or 0, rest[1] or 0)
    return found


def open_socket(
    channel: TcpChannel, channels: TcpChannels, host: str, port: int, settings: Settings
) -> Dialogue[None]:
    """Begin to open a socket; the URC ``+QIOPEN`` tells the result.

    :raises ModuleError: if the module refuses at once.
    """
    check_peer(host, port)
    text = f"+QIOPEN={settings.context_id},{channel.number},"
    rest = f",{port},0,0"
    peer = quoted(host, "host name", HOST_LIMIT)
    command = Command(
        f'{text}"TCP",{peer}{rest}', timeout=times.SOCKET_OPENS, shown=text + "..."
    )
    reply = yield from asked(command)
    # Before the command, the URC was that of an earlier socket.
    channel.opened = None
    for line in reply.lines:
        channels.note(line)
    if not reply.ok:
        err = reply.err or (yield from _last_error())
        raise ModuleError(err, "AT+QIOPEN", phase=Phase.CONNECT)


def _last_error() -> Dialogue[int | None]:
    """Return the number of the last failure (TCP manual 2.1.17)."""
    reply = yield from asked(Command("+QIGETERROR"))
    told = "".join(reply.values("+QIGETERROR")[:1])
    return number(told.partition(",")[0]) or None


def examine_opening(channel: TcpChannel) -> Dialogue[None]:
    """Ask how an attempt to open a socket has ended, because its URC may be lost."""
    listed = (yield from _listing(f"+QISTATE=1,{channel.number}")).get(channel.number)
    if channel.opened is not None or (listed and listed.state == OPENING):
        return
    if listed is None or listed.state == CLOSING:
        channel.opened = (yield from _last_error()) or SOCKET_CLOSED
    else:
        channel.opened = 0


def one_read() -> int:
    """Return the reads of a line if nothing is known: 1."""
    return 1


def fetch(
    channel: TcpChannel,
    known: Knowledge,
    share: Callable[[], int] = one_read,
    *,
    silent: bool = False,
) -> Dialogue[None]:
    """Fetch what has come into `TcpChannel.data`, or learn that the socket has ended.

    :param share: returns how often one line may read now. More than one read is tried
        while the reads come back full.
    :param silent: whether no URC has told of anything.
    :raises BG96Error: if bytes may be lost. The channel is dead then.
    """
    if channel.readable:
        # Another thread was faster, or it is dead.
        return
    # What the module tells from here on may be news.
    channel.hinted = False
    closing = channel.closing
    command = _read_of(channel, known, share())
    try:
        found: Fetched = yield command
    except BG96Error as error:
        known.reads_singly |= command.is_joined
        channel.kill(error)
        raise
    ok = found.reply.ok
    channel.data += found.data
    more = ok and len(found.blocks[-1]) == MOST_READ
    channel.hinted |= more or not ok
    channel.full_reads = command.reads if more else 0
    if command.counts:
        known.told.joins_reads = found.counted
        known.reads_singly = not found.counted
    if ok:
        channel.refused = 0
    doubted = silent or channel.closing or channel.cut or not ok
    if found.data or command.is_joined or not doubted:
        return
    if (yield from examine(channel, known=closing)) and not ok:
        yield from _count_refusal(channel, "AT+QIRD")


def _read_of(channel: TcpChannel, known: Knowledge, share: int) -> Fetch:
    """Return the next line that reads, with up to `share` reads.

    No manual says that a line may have several reads, and no log shows it. So the first
    line has one, and a question behind it that has no payload. If the module does not
    answer both, or if such a line ever fails, each line has one read from then on.
    """
    one = f"+QIRD={channel.number},{MOST_READ}"
    reads = min(2 * channel.full_reads, share, MOST_JOINED)
    if reads < 2 or known.reads_singly:
        return Fetch(one, times.SOCKET_ANSWER)
    if not known.told.joins_reads:
        text = joined(one, f"+QIRD={channel.number},0")
        return Fetch(text, times.SOCKET_ANSWER, counts=True)
    return Fetch(joined(*[one] * reads), times.SOCKET_ANSWER, reads=reads)


def examine(channel: TcpChannel, *, known: bool = False) -> Dialogue[bool]:
    """Ask whether a socket, from which nothing could be read, is connected.

    :param known: whether nothing could be read after it was known to be closed. Before
        that, its last bytes may have come since.
    :returns: whether it is connected.
    """
    listed = (yield from _listing(f"+QISTATE=1,{channel.number}")).get(channel.number)
    if listed is not None and listed.state != CLOSING:
        channel.closing = channel.cut = False
        return True
    if channel.cut:
        channel.kill(ModuleError(SOCKET_BROKEN, "AT+QIRD", phase=Phase.READ))
    elif listed is None and not channel.closing:
        channel.kill(TransferError("the module has dropped the connection"))
    elif known:
        channel.end()
    channel.closing = channel.hinted = True
    return False


def send(channel: TcpChannel, data: bytes) -> Dialogue[int]:
    """Send up to `MOST_SENT` bytes; return how many the module has taken.

    It has taken none if its buffer is full, or if it has refused the command for no
    reason. Nothing is ever sent twice: after an unknown outcome, the channel is dead.

    :raises ModuleError: 567 if the server has closed the connection.
    """
    data = data[:MOST_SENT]
    command = Send(
        f"+QISEND={channel.number},{len(data)}",
        times.SOCKET_ANSWER,
        payload=data,
        payload_timeout=times.SOCKET_SENT,
        payload_phase=Phase.SEND,
    )
    try:
        reply: Reply = yield command
        if reply.final.strip() == b"SEND OK":
            channel.refused = 0
            return _count(channel, len(data))
    except BG96Error as error:
        channel.kill(error)
        raise
    yield from _require_connected(channel)
    if reply.phase is not Phase.SEND:
        yield from _count_refusal(channel, "AT+QISEND")
        return 0
    return (yield from _sent_anyway(channel, len(data)))


def _count(channel: TcpChannel, size: int) -> int:
    channel.sent += size
    return size


def _require_connected(channel: TcpChannel) -> Dialogue[None]:
    """Find out why a socket does not send.

    :raises ModuleError: if the server has closed it. What it has sent can be read.
    """
    listed = (yield from _listing(f"+QISTATE=1,{channel.number}")).get(channel.number)
    if listed is None or listed.state == CLOSING:
        channel.closing = channel.hinted = True
        raise ModuleError(SOCKET_CLOSED, "AT+QISEND", phase=Phase.SEND)


def _sent_anyway(channel: TcpChannel, size: int) -> Dialogue[int]:
    """Return how many of `size` bytes the module has taken, though it reports failure.

    The manual does not say that it takes none (TCP manual 2.1.7).

    :raises TransferError: if that cannot be told.
    """
    taken = {channel.sent: 0, channel.sent + size: size}
    found, channel.full = yield from _progress(channel)
    if found not in taken:
        error = TransferError(
            "the module could not send on a socket, and does not tell how much it has "
            "sent",
            command="AT+QISEND",
            phase=Phase.SEND,
        )
        channel.kill(error)
        raise error
    return _count(channel, taken[found])


def has_room(channel: TcpChannel, size: int) -> Dialogue[bool]:
    """Ask whether the module can take `size` bytes, after it could not.

    The size of its buffer is not known. It has room for as much as it had taken then.
    """
    _, on_their_way = yield from _progress(channel)
    return on_their_way == 0 or on_their_way + size <= channel.full


def _progress(channel: TcpChannel) -> Dialogue[tuple[int | None, int]]:
    """Ask how many bytes were sent, and how many of them are not acknowledged.

    The first is None if the module does not tell it (TCP manual 2.1.7).
    """
    reply = yield from asked(Command(f"+QISEND={channel.number},0"))
    told = "".join(reply.values("+QISEND")[:1]).split(",")
    return number(told[0]), (number(told[-1]) or 0) if len(told) > 2 else 0


def _count_refusal(channel: TcpChannel, name: str) -> Dialogue[None]:
    """Count that the module has refused a command of a connected socket.

    :raises ModuleError: if it does so again and again. The channel is dead then.
    """
    channel.refused += 1
    if repeating.SOCKET_REFUSED.allows(channel.refused):
        return
    error = ModuleError((yield from _last_error()), name)
    channel.kill(error)
    raise error


def close(channels: TcpChannels) -> Dialogue[None]:
    """Close the sockets that nobody uses any more.

    An error means that there is no such socket.
    """
    for connect_id in sorted(channels.unclosed):
        text = f"+QICLOSE={connect_id},{times.SOCKET_END}"
        yield from asked(Command(text, timeout=times.SOCKET_CLOSED))
        channels.unclosed.discard(connect_id)
