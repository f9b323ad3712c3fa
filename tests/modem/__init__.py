"""Tests of the modem: its files and PIN, and its threads and processes."""
