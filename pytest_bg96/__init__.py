"""A plugin for pytest: a product's tests run over the emulator.

It is a package of its own, so that pytest does not import requests for tests that use
no modem.
"""
