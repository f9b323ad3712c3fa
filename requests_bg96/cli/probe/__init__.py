"""Ask a module about its firmware, and write a report.

Manuals and transcripts do not answer every question about a firmware. The emulator has
a switch for each open question. `probe` asks a real module these questions, and changes
nothing in it. The report has the values of the switches, and the bytes that show them.
An emulator made from the report behaves like that module.
"""

from .report import probe
from .server import serve

__all__ = ("probe", "serve")
