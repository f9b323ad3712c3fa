"""The paths of the well-behaved HTTP server, and its answers."""

from __future__ import annotations

import collections
import hashlib
import json
import urllib.parse
import urllib.request
from collections.abc import Callable

from tests.servers import Reply, Request, reply

NONCE, REALM = "6bf5d6e4", "field"


class Behaviours:
    """An application for `tests.servers.Server`. It remembers a little."""

    def __init__(self) -> None:
        self.visits: collections.Counter[str] = collections.Counter()
        self.paths: dict[str, Callable[[Request], Reply]] = {
            "echo": echo,
            "bytes": lambda request: reply(body=request.body),
            "status": status,
            "redirect": redirect,
            "cookie": cookie,
            "digest": digest,
            "busy": self.busy,
        }

    def __call__(self, request: Request) -> Reply:
        """Answer for the first part of the path."""
        self.visits[request.target] += 1
        return self.paths[request.path.split("/")[1]](request)

    def busy(self, request: Request) -> Reply:
        """``/busy/N``: 503 with Retry-After for the first N visits."""
        if self.visits[request.target] <= int(request.path.rpartition("/")[2]):
            return reply("503 Busy", headers=[("Retry-After", "0")])
        return echo(request)


def query(request: Request) -> dict[str, str]:
    """The parameters of the target."""
    return dict(urllib.parse.parse_qsl(request.target.partition("?")[2]))


def echo(request: Request) -> Reply:
    """The request as JSON, with its body as UTF-8."""
    told = {
        "method": request.method,
        "target": request.target,
        "body": request.body.decode(),
    }
    body = b"" if request.method == "HEAD" else json.dumps(told).encode()
    return reply(body=body, headers=[("Content-Type", "application/json")])


def status(request: Request) -> Reply:
    """``/status/N``: an empty response with this status."""
    return reply(f"{request.path.rpartition('/')[2]} So")


def redirect(request: Request) -> Reply:
    """``/redirect/N?to=URL``, with a cookie if the query has ``cookie=``."""
    asked = query(request)
    headers = [("Location", asked["to"])]
    if "cookie" in asked:
        headers.append(("Set-Cookie", f"{asked['cookie']}; Path=/"))
    return reply(f"{request.path.rpartition('/')[2]} Elsewhere", headers=headers)


def cookie(request: Request) -> Reply:
    """Set each parameter of the query as a cookie, each in a field of its own."""
    cookies = query(request).items()
    headers = [("Set-Cookie", f"{name}={value}; Path=/") for name, value in cookies]
    return reply(headers=headers)


def digest(request: Request) -> Reply:
    """Digest authentication (RFC 7616, MD5, qop=auth) for user ``u``, ``p``."""
    (given,) = request.all("Authorization") or [""]
    fields = urllib.request.parse_keqv_list(
        urllib.request.parse_http_list(given.removeprefix("Digest "))
    )
    if fields.get("response") == _digest_response(request, fields):
        return reply(body=b"welcome")
    challenge = f'Digest realm="{REALM}", nonce="{NONCE}", qop="auth", algorithm=MD5'
    return reply("401 Who", b"who?", [("WWW-Authenticate", challenge)])


def _digest_response(request: Request, fields: dict[str, str]) -> str:
    def md5(*words: str) -> str:
        return hashlib.md5(":".join(words).encode()).hexdigest()

    user, action = md5("u", REALM, "p"), md5(request.method, request.target)
    count, client = fields.get("nc", ""), fields.get("cnonce", "")
    return md5(user, NONCE, count, client, "auth", action)
