"""Tests of the client with modules as they are: manual, transcripts, switches."""
