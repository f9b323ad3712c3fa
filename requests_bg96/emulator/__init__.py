"""A BG96 in software: AT commands, an HTTP client and a serial port.

Importing the package makes ``emulator://`` known to ``serial.serial_for_url``.
"""

from __future__ import annotations

import serial

from ..clock import Clock, SystemClock
from .callable_network import (
    CallableNetwork,
    Delay,
    Hangup,
    ReceivedRequest,
    Silence,
    Until,
)
from .clock import VirtualClock
from .emulator import Emulator
from .faults import Fault
from .module import Module
from .network import (
    ConnectSilence,
    Network,
    NetworkFailure,
    Refused,
    TlsFailure,
    TlsSettings,
    Unresolvable,
)
from .socket_network import SocketNetwork
from .stream_network import Connection, StreamNetwork
from .switches import Switches

__all__ = (
    "CallableNetwork",
    "Clock",
    "ConnectSilence",
    "Connection",
    "Emulator",
    "Fault",
    "Hangup",
    "Module",
    "Network",
    "NetworkFailure",
    "Delay",
    "Refused",
    "ReceivedRequest",
    "Silence",
    "SocketNetwork",
    "StreamNetwork",
    "Switches",
    "SystemClock",
    "TlsFailure",
    "TlsSettings",
    "Unresolvable",
    "Until",
    "VirtualClock",
)

if __name__ not in serial.protocol_handler_packages:
    serial.protocol_handler_packages.append(__name__)
