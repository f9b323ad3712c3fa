"""Run the emulator for other programs: ``python -m requests_bg96.emulator``."""

from __future__ import annotations

from .cli import main

if __name__ == "__main__":
    raise SystemExit(main())
