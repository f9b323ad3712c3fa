"""Tests of the pages and of the package: what they say is true."""
