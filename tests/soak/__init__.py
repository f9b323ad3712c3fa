"""Thousands of requests with faults among them, and every byte accounted for."""
