"""Mutants: changes to the client that some test must notice."""
