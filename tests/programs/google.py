"""google-auth: a service account gets a token, and mTLS to the service."""

from __future__ import annotations

import json
import os
import pathlib
from typing import Any
from unittest import mock
from urllib.parse import parse_qs

import requests
from cryptography.hazmat.primitives import serialization
from google.auth.exceptions import TransportError
from google.auth.transport.requests import AuthorizedSession
from google.auth.transport.requests import Request as AuthRequest
from google.oauth2 import service_account

from tests.certificates import rsa_key
from tests.servers import App, Reply, Request, reply

from .place import Place, Program

KIND = [("Content-Type", "application/json")]


def app() -> App:
    """A service, and what gives tokens for it."""

    def answer(request: Request) -> Reply:
        if request.path == "/token":
            form = parse_qs(request.body.decode())
            # Header, claims and signature.
            assert form["assertion"][0].count(".") == 2
            found: Any = {"access_token": "given", "expires_in": 3600}
            return reply(body=json.dumps(found).encode(), headers=KIND)
        if request.all("Authorization") != ["Bearer given"]:
            return reply("401 Unauthorized")
        return reply(body=request.body or b"{}", headers=KIND)

    return answer


def _account(place: Place) -> service_account.Credentials:
    pem = rsa_key(0).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    info = {
        "client_email": "device@example.iam.gserviceaccount.com",
        "private_key": pem.decode(),
        "token_uri": f"{place.url}token",
    }
    return service_account.Credentials.from_service_account_info(
        info, scopes=["https://example.org/scope"]
    )


def use(place: Place) -> Any:
    """Call the service; then try without a certificate."""
    pair = tuple(pathlib.Path(path).read_bytes() for path in place.cert)
    with requests.Session() as tokens:
        tokens.verify, tokens.cert = place.ca, place.cert
        with (
            mock.patch.dict(os.environ, GOOGLE_API_USE_CLIENT_CERTIFICATE="true"),
            AuthorizedSession(
                _account(place), auth_request=AuthRequest(tokens)
            ) as made,
        ):
            made.verify = place.ca
            made.configure_mtls_channel(lambda: pair)
            answer = made.post(f"{place.url}v1/things", json={"t": 21.5})
            mutual = made.is_mtls
        try:
            AuthRequest()(place.url, verify=place.ca)
        except TransportError as error:
            refused = type(error).__name__
    return answer.status_code, answer.json(), mutual, refused


PROGRAM = Program(
    "google-auth", "a token for a service account, mTLS", app, use, mutual=True
)
