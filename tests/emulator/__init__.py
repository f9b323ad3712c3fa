"""The emulator, tested by itself, byte by byte."""
