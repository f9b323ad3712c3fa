"""requests' own tests, with the stock adapter and over the modem.

``python -m tests.conformance`` downloads the tests of the installed version of
requests, runs them both ways and compares. A test that passes with the stock adapter
must pass over the modem, too, and its requests must have used it.
``docs/conformance.rst`` lists the exceptions, with their reasons.
"""
