"""The response: find its end, keep it, read it."""
