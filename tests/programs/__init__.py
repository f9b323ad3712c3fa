"""Programs of others, unmodified: with stock requests, and over the modem.

``python -m tests.programs`` runs them. Each file has one program, and a server that
answers just what the program needs.
"""
