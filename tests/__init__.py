"""Tests of requests-bg96."""
