"""Tests of the client with modules: manual, transcripts, switches."""
