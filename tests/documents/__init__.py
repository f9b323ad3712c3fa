"""Tests of the pages and the package: what they say is so."""
