"""Tests of responses: where they end, who keeps them, and how they are read."""
