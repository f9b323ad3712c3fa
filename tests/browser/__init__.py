"""The page of a trace in a real browser: ``tox -e browser``.

These are not among the ordinary tests, because they need Chromium. Their file's name
keeps pytest from finding them by itself.
"""
