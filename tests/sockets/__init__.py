"""The module's TCP sockets, as the client uses them."""
