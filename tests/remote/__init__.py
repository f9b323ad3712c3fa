"""A modem on another machine: the link to it is cut, and comes back.

The outages are the same whatever carries the link: a relay of the tests' own in the
ordinary tests, ser2net in ``python -m tests.remote``.
"""
