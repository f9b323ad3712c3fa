"""requests' own test suite, run with the stock adapter and over the modem.

``python -m tests.conformance`` downloads the suite that belongs to the installed
version of requests, runs it both ways and compares: what passes with the stock
adapter must pass over the modem too, and its requests must have gone through
it. ``docs/conformance.rst`` lists the exceptions, each with its reason.
"""
