"""A response: where it ends, and how it is read."""
