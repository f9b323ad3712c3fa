"""The marks of what uses a modem. Without one, a request is refused."""

from __future__ import annotations

__all__ = ("OverModem", "PoolOverModem")


class OverModem:
    """Marks a `PoolManager` whose pools use a modem."""


class PoolOverModem:
    """Marks a pool whose connections use a modem."""
