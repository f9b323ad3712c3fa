"""What a trace may show of headers and URLs."""

from __future__ import annotations

import re

__all__ = ("REDACTED", "shown_header", "shown_url")

#: What stands in place of a value.
REDACTED = "redacted"

#: Headers whose values hold no secret. All others may hold one.
HARMLESS = frozenset("""
    accept accept-charset accept-encoding accept-language accept-ranges age allow
    alt-svc cache-control connection content-encoding content-language content-length
    content-range content-type date expect expires host if-modified-since
    if-unmodified-since keep-alive last-modified max-forwards pragma range retry-after
    server te trailer transfer-encoding upgrade user-agent vary via
    """.split())
#: Headers whose value is a URL.
URLS = frozenset(("content-location", "location", "referer"))

#: The beginning of a URL, and the part that may contain user and password. Clients
#: differ in how many slashes they want in between, and of which kind.
_AUTHORITY = re.compile(
    r"([\0- ]*(?:[A-Za-z][A-Za-z0-9+.-]*:[/\\]*|[/\\]{2,}))([^/\\?#]*)"
)
#: What stands in place of a port: the rest of a password that "/", "?" or "#" has cut.
_NO_PORT = re.compile(r":(?![0-9]*\Z)[^]:]*\Z")
#: A parameter in the path, such as ";jsessionid=1234".
_PATH_PARAMETER = re.compile(r"(;[^=/;\\]*=)[^/;\\]+")


def shown_header(name: str, value: str, *, secrets: bool) -> str:
    """Return the value of a header in the form that may be shown.

    :param secrets: whether to show all but user and password in a URL.
    """
    if name.lower() in URLS:
        return shown_url(value, secrets=secrets)
    return value if secrets or name.lower() in HARMLESS else REDACTED


def shown_url(url: str, *, secrets: bool) -> str:
    """Return `url` without user, password, values of parameters, and fragment.

    It may be any text, because a server sends it in Location.

    :param secrets: whether to leave out user and password only.
    """
    found = _AUTHORITY.match(url)
    before, authority = found.groups() if found else ("", "")
    rest = url[found.end() :] if found else url
    authority = authority.rpartition("@")[2]
    if secrets:
        return before + authority + rest
    return before + _NO_PORT.sub(f":{REDACTED}", authority) + _shown_path(rest)


def _shown_path(path: str) -> str:
    """Return what follows the host, without values and fragment."""
    path, has_fragment, _ = path.partition("#")
    path, has_query, query = path.partition("?")
    path = _PATH_PARAMETER.sub(rf"\1{REDACTED}", path)
    query = "&".join(map(_shown_parameter, query.split("&"))) if query else ""
    return path + has_query + query + (f"#{REDACTED}" if has_fragment else "")


def _shown_parameter(parameter: str) -> str:
    name, _, value = parameter.partition("=")
    # Without a value, the name may be the secret, with the padding of base64.
    return f"{name}={REDACTED}" if value.strip("=") else REDACTED
