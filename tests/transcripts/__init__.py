"""Dialogues with real modules, and their reader."""
