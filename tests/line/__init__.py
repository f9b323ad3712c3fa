"""Tests of the line: bytes, lines, dialogues, and how logs show them."""
