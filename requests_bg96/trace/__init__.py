"""A trace of requests: what each one sent, what came, and how long its phases took."""

from __future__ import annotations

from .entry import TraceEntry
from .trace import Trace

__all__ = ("TraceEntry", "Trace")
