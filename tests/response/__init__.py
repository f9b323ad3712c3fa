"""Tests of responses: their ends, how they are kept, and how they are read."""
