"""Dialogues with real modules, and what reads them."""
