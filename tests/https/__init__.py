"""Tests of HTTPS: its checks, its settings, and its files."""
