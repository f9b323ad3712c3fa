"""Measurements, to be read and not judged: ``python -m benchmarks.NAME``."""
