"""Tests of the trace of requests."""
