"""What the bytes of a TCP connection cost over PPP on a serial line.

This machine need not have PPP: the bytes that stock requests exchanges with a server
are recorded, put into the packets and frames that PPP would carry, and timed. The
model is kind to PPP. No packet is lost or late, no window is ever full,
acknowledgements cost bytes but no time, and names, LCP and IPCP cost nothing.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable
from typing import NamedTuple

from benchmarks.socket_bench import Cost
from benchmarks.socket_servers import RTT
from requests_bg96.emulator.paced_queue import BITS_PER_BYTE

__all__ = ("Flight", "frame_check", "framed", "over_ppp")

#: Payload of a segment: Ethernet's MTU, less the headers of IP and TCP with timestamps,
#: which Linux uses.
SEGMENT = 1_500 - 20 - 32
FLAG, ESCAPE = 0x7E, 0x7D
#: Acknowledges two segments, as RFC 5681 (4.2) wants.
SEGMENTS_PER_ACK = 2
#: The options of a SYN: segment size, SACK, timestamps, window scale.
SYN_OPTIONS = bytes.fromhex("020405b4 0402 080a0000000100000000 01 030307")
TIMESTAMPS = bytes.fromhex("0101 080a 00000001 00000002")
NEAR, FAR = (socket.inet_aton(one) for one in ("192.0.2.1", "192.0.2.2"))
SYN, ACK, FIN, PUSH = 0x02, 0x10, 0x01, 0x08


def _entry(byte: int) -> int:
    """Return an entry of the table of the frame check sequence (RFC 1662 C.1)."""
    for _ in range(8):
        byte = byte >> 1 ^ (0x8408 if byte & 1 else 0)
    return byte


_TABLE = [_entry(byte) for byte in range(256)]


class Flight(NamedTuple):
    """Bytes that one side sends before the other side answers."""

    up: bool
    data: bytes


class _Flow:
    """One direction of a connection: makes its frames, and counts them."""

    def __init__(self, up: bool) -> None:
        self._ends = (NEAR, FAR) if up else (FAR, NEAR)
        self._ports = (50_000, 443) if up else (443, 50_000)
        self._sequence = 1
        self.bytes = 0

    def segment(
        self, flags: int, data: bytes = b"", options: bytes = TIMESTAMPS
    ) -> int:
        """Return the bytes on the line of one segment."""
        offset = (20 + len(options)) // 4 << 4
        tcp = struct.pack(
            "!HHIIBBHHH", *self._ports, self._sequence, 1, offset, flags, 502, 0, 0
        )
        tcp += options + data
        pseudo = b"".join(self._ends) + struct.pack("!HH", 6, len(tcp))
        tcp = tcp[:16] + _checksum(pseudo + tcp) + tcp[18:]
        ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 1, 0x4000, 64, 6, 0)
        ip += b"".join(self._ends)
        size = len(framed(ip[:10] + _checksum(ip) + ip[12:] + tcp))
        self._sequence += len(data)
        self.bytes += size
        return size


def over_ppp(flights: Iterable[Flight], baudrate: int, *, new: bool) -> Cost:
    """Return what recorded flights cost.

    Each direction of the line sends one frame after the other. The network takes half
    of `RTT` each way, and the server no time.

    :param baudrate: the speed of the line in bits per second.
    :param new: whether the connection is opened and closed, too. The seconds end with
        the last byte of the response.
    """
    flows = {True: _Flow(True), False: _Flow(False)}
    per_byte = BITS_PER_BYTE / baudrate
    seconds = 0.0
    if new:
        opening = flows[True].segment(SYN, options=SYN_OPTIONS)
        opening += flows[False].segment(SYN | ACK, options=SYN_OPTIONS)
        seconds += opening * per_byte + RTT
        flows[True].segment(ACK)
    for flight in flights:
        there, back = flows[flight.up], flows[not flight.up]
        starts = range(0, len(flight.data), SEGMENT)
        for number, start in enumerate(starts, 1):
            piece = flight.data[start : start + SEGMENT]
            seconds += there.segment(PUSH | ACK, piece) * per_byte
            if number % SEGMENTS_PER_ACK == 0:
                back.segment(ACK)
        seconds += RTT * flight.up
    if new:
        for flow, flags in ((True, FIN | ACK), (False, FIN | ACK), (True, ACK)):
            flows[flow].segment(flags)
    return Cost(seconds, flows[True].bytes, flows[False].bytes)


def framed(packet: bytes) -> bytes:
    """Return the frame of an IP packet (RFC 1662, 1661).

    Address, control and the first byte of the protocol are compressed away, and no
    control character is escaped: the smallest frames that PPP knows. One flag stands
    between two frames.
    """
    content = b"\x21" + packet
    content += struct.pack("<H", frame_check(content))
    for byte in (ESCAPE, FLAG):
        content = content.replace(bytes((byte,)), bytes((ESCAPE, byte ^ 0x20)))
    return content + bytes((FLAG,))


def frame_check(data: bytes) -> int:
    """Return the frame check sequence (RFC 1662 C.2)."""
    check = 0xFFFF
    for byte in data:
        check = check >> 8 ^ _TABLE[(check ^ byte) & 0xFF]
    return check ^ 0xFFFF


def _checksum(data: bytes) -> bytes:
    """Return the checksum of IP and TCP (RFC 1071)."""
    even = data + bytes(len(data) % 2)
    total = sum(struct.unpack(f"!{len(even) // 2}H", even))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return struct.pack("!H", total ^ 0xFFFF)
