"""A fault at every byte of every kind of exchange, and what must come of it."""
