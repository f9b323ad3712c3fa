"""What only a module can tell: its answers to the open questions, as a report.

The emulator has a switch for each question that manuals and transcripts leave open.
`probe` puts them to a real module, harmlessly, and the report says which values it has,
with the bytes that show it; an emulator made from the report behaves the same.
"""

from .report import probe
from .server import serve

__all__ = ("probe", "serve")
