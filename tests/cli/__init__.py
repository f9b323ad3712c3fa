"""Tests of the commands: doctor, probe and ca."""
