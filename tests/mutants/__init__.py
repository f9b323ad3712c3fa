"""Mutants: changes of the client that a test must notice."""
