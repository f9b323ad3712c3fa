"""A modem on another machine: the connection to it breaks and comes back.

The outages are the same for all gateways: a relay in the ordinary tests, ser2net in
``python -m tests.remote``.
"""
