"""Thousands of requests, some with faults, and a count of every byte."""
