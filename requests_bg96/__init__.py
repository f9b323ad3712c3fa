"""The Quectel BG96 as a transport adapter for requests."""
