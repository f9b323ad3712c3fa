"""Look at a trace: in the terminal, or as a page for a browser."""
