"""Tests of HTTPS: what is checked, what is set, and what is stored for it."""
