"""Ask a module the questions that only a module can answer, and write a report.

The emulator has a switch for each question that manuals and transcripts leave open.
`probe` asks a real module these questions, and changes nothing in it. The report has
its values, and the bytes that show them. An emulator made from the report behaves the
same.
"""

from .report import probe
from .server import serve

__all__ = ("probe", "serve")
