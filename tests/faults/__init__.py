"""A fault at each byte of each kind of exchange, and its result."""
