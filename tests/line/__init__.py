"""Tests of what goes over the line: bytes, lines, dialogues, and what logs show."""
