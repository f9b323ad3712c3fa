"""Dialogues: scripts of AT commands, without I/O."""
