"""Tests of faults, and of how the next request works again."""
