"""Tests of what goes wrong on the way, and how the next request works again."""
