"""The tests of requests-bg96."""
