"""The settings of a module, checked when the user gives them."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import Final, Literal

from .at.parameters import quoted
from .base.codes import BAUDRATES
from .errors import LimitError

__all__ = ("FASTEST", "Settings")

#: The `Settings.baudrate` that stands for the highest speed that the line carries.
FASTEST: Final = "fastest"


@dataclasses.dataclass(frozen=True)
class Settings:
    """How to set up a module.

    This is the one list. `BG96Modem` and `BG96Adapter` name the same parameters, with
    the same words, and a test compares them.

    :param apn: the access point name. Without it, the module's own PDP context is used
        unchanged.
    :param username: for the access point.
    :param password: for the access point.
    :param auth: how to send these two: 0 not at all, 1 with PAP, 2 with CHAP, 3 with
        either (TCP manual 2.1.1).
    :param pin: the PIN of the SIM. It is tried once, and only while all attempts are
        left. If the firmware does not tell the attempts, it is tried once until it was
        right.
    :param context_id: the PDP context, 1 to 16.
    :param ssl_context_id: the module's SSL context, 0 to 5.
    :param baudrate: the speed in baud, to which the module is set if the line carries
        it; ``fastest`` is the highest that it carries. Without it, the module keeps the
        speed at which it answers. Over the module's own USB, nothing is set.
    :param rtscts: whether RTS and CTS are wired. They then stop the line if either side
        is not ready.
    :param dtr: whether DTR is wired. It then ends data mode.
    :param verify_echo: whether to compare the module's echo of each announced length
        before payload is sent. Noise in a length then never turns payload into
        commands. It costs the bytes of the echo.
    :param allow_reset: whether to reset a module if nothing else helps, at most once in
        ten minutes. If that does not help, once in an hour.
    :param sslversion: 0 SSL 3.0, 1 TLS 1.0, 2 TLS 1.1, 3 TLS 1.2, 4 all of them.
    :param ciphersuite: one cipher suite of the module, for example ``0XC02F``, or
        ``0XFFFF`` for all.
    :param set_clock: whether to set the module's clock if it is wrong by a day.
    :param allow_unchecked_host: whether to trust a server even if the firmware cannot
        check the host's name in its certificate.
    :param backoff_file: a file that keeps the pauses between attempts at the network
        when the program ends. Each modem needs a file of its own. Without it, a program
        that is started again asks the network at once.
    :param wake: called without arguments if the module does not answer, or if its port
        is missing. It may press the power key, or turn DTR on with a GPIO. It must do
        no harm to a module that is on, and must not use the modem.
    :raises LimitError: if a value cannot be part of an AT command.
    :raises TypeError: if `wake` cannot be called.
    """

    apn: str | None = None
    username: str = dataclasses.field(default="", repr=False)
    password: str = dataclasses.field(default="", repr=False)
    auth: int = 0
    pin: str | None = dataclasses.field(default=None, repr=False)
    context_id: int = 1
    ssl_context_id: int = 1
    baudrate: int | Literal["fastest"] | None = None
    rtscts: bool = False
    dtr: bool = False
    verify_echo: bool = False
    allow_reset: bool = False
    sslversion: int = 3
    ciphersuite: str = "0XFFFF"
    set_clock: bool = True
    allow_unchecked_host: bool = False
    backoff_file: str | None = None
    wake: Callable[[], object] | None = dataclasses.field(default=None, repr=False)

    def __post_init__(self) -> None:
        quoted(self.apn or "", "APN")
        quoted(self.username, "user name of the APN")
        quoted(self.password, "password of the APN")
        if self.pin is not None and not re.fullmatch("[0-9]{4,8}", self.pin):
            raise LimitError("the PIN must be 4 to 8 digits")
        self._check("auth", self.auth, range(0, 4))
        self._check("context_id", self.context_id, range(1, 17))
        self._check("ssl_context_id", self.ssl_context_id, range(0, 6))
        self._check("sslversion", self.sslversion, range(0, 5))
        if not re.fullmatch("0[xX][0-9a-fA-F]{4}", self.ciphersuite):
            raise LimitError(
                f"ciphersuite is {self.ciphersuite!r}; give it in the form 0XC02F"
            )
        if self.wake is not None and not callable(self.wake):
            raise TypeError(f"wake is {self.wake!r}; pass a function without arguments")
        if self.baudrate not in (None, FASTEST, *BAUDRATES):
            rates = ", ".join(map(str, sorted(BAUDRATES)))
            raise LimitError(
                f"the module does not support {self.baudrate} baud; use {rates}, or "
                f"{FASTEST}"
            )

    @staticmethod
    def _check(name: str, value: int, allowed: range) -> None:
        if value not in allowed:
            raise LimitError(
                f"{name} is {value!r}; the module takes {allowed[0]} to {allowed[-1]}"
            )

    def differing(self, other: Settings) -> list[str]:
        """Return the names of the settings that differ from those of `other`."""
        names = [field.name for field in dataclasses.fields(self)]
        return [name for name in names if getattr(self, name) != getattr(other, name)]

    @property
    def wanted(self) -> dict[str, str]:
        """The values of AT+QHTTPCFG that an exchange needs."""
        return {
            "contextid": str(self.context_id),
            "requestheader": "1",
            "responseheader": "1",
            "sslctxid": str(self.ssl_context_id),
        }
