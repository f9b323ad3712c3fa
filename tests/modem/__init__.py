"""Tests of the modem: its files and PIN, and the threads and processes at it."""
