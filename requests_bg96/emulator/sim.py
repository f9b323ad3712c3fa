"""The SIM: its PIN, its PUK and their attempts (AT manual 5; 3GPP TS 27.007 8.3)."""

from __future__ import annotations

from .results import CommandFailed

__all__ = ("Sim",)

PIN_ATTEMPTS = 3
PUK_ATTEMPTS = 10

#: The PUK of every emulated SIM.
PUK = "12345678"

#: The error numbers of the states in which the SIM cannot be used (AT manual 12.5).
_ERRORS = {"SIM PIN": 11, "SIM PUK": 12}


class Sim:
    """One SIM. A reset does not change its PIN or its attempts.

    :param state: "ready" (it asks for no PIN), "pin", "puk", or None for an empty slot.
    :param pin: four to eight digits.
    :raises ValueError: if there is no such state.
    """

    imsi = "001010123456789"
    iccid = "89014103211118510720"

    def __init__(self, state: str | None, pin: str) -> None:
        if state not in ("ready", "pin", "puk", None):
            raise ValueError(f"a SIM has no state {state!r}")
        self.inserted = state is not None
        self.pin = pin
        self.locked = state in ("pin", "puk")
        self.pin_attempts = 0 if state == "puk" else PIN_ATTEMPTS
        self.puk_attempts = PUK_ATTEMPTS
        self._verified = False
        self._on = True
        self._busy = False

    def power(self, on: bool, busy: bool = False) -> None:
        """Turn the SIM on or off; it then asks for its PIN again.

        :param busy: whether it is starting.
        """
        self._on = on
        self._busy = busy
        self._verified = False

    def settle(self) -> None:
        """End the start of the SIM."""
        self._busy = False

    @property
    def ready(self) -> bool:
        """Whether the SIM can be used."""
        usable = self.inserted and self._on and not self._busy
        return usable and self.asks == "READY"

    @property
    def asks(self) -> str:
        """The answer of a SIM that works to AT+CPIN? (AT manual 5.3)."""
        if self.pin_attempts == 0:
            return "SIM PUK"
        return "SIM PIN" if self.locked and not self._verified else "READY"

    def state(self) -> str:
        """Return what the SIM asks for.

        :raises CommandFailed: 10 without a SIM, 13 if it is off, 14 if it is starting.
        """
        if not self.inserted:
            raise CommandFailed(10)
        if not self._on:
            raise CommandFailed(13)
        if self._busy:
            raise CommandFailed(14)
        return self.asks

    def require(self) -> None:
        """Refuse a command if the SIM cannot be used.

        :raises CommandFailed: with the number of the reason.
        """
        state = self.state()
        if state != "READY":
            raise CommandFailed(_ERRORS[state])

    def enter_pin(self, pin: str) -> None:
        """Check a PIN.

        :raises CommandFailed: 16 if it is wrong, 12 if no attempt is left.
        """
        if self.pin_attempts == 0:
            raise CommandFailed(12)
        if pin != self.pin:
            self.pin_attempts -= 1
            raise CommandFailed(16 if self.pin_attempts else 12)
        self.pin_attempts = PIN_ATTEMPTS
        self._verified = True

    def enter_puk(self, puk: str, pin: str) -> None:
        """Unblock the SIM, and set a new PIN.

        :raises CommandFailed: 16 if the PUK is wrong, 13 if no attempt is left.
        """
        if self.puk_attempts == 0:
            raise CommandFailed(13)
        if puk != PUK:
            self.puk_attempts -= 1
            raise CommandFailed(16)
        self.puk_attempts = PUK_ATTEMPTS
        self.pin_attempts = PIN_ATTEMPTS
        self.pin = pin
        self._verified = True

    def lock(self, on: bool, pin: str) -> None:
        """Set whether the SIM asks for its PIN at each start.

        :raises CommandFailed: if the PIN is wrong, or the SIM cannot be used.
        """
        self.require()
        verified = self._verified
        self.enter_pin(pin)
        self.locked = on
        self._verified = verified or on
