"""Tests of what a user of requests sees: limits, errors and install()."""
