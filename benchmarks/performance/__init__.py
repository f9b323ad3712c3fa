"""The performance page: ``python -m benchmarks.performance`` measures and writes it."""
