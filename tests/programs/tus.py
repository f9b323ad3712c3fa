"""tuspy: an upload of 50 MB that can be resumed."""

from __future__ import annotations

import hashlib
import io
import os
from typing import Any
from unittest import mock

import requests
from tusclient.client import TusClient

from tests.servers import App, Reply, Request, reply

from .place import Place, Program

SIZE = 50 * 1024 * 1024
PIECE = 5 * 1024 * 1024
RESUMABLE = ("Tus-Resumable", "1.0.0")


def app() -> App:
    """A server that takes one file (tus 1.0.0), and tells its digest."""
    digest, got = hashlib.sha256(), 0

    def answer(request: Request) -> Reply:
        nonlocal got
        if request.method == "POST":
            return reply("201 Created", headers=[RESUMABLE, ("Location", "/files/1")])
        if request.method == "PATCH":
            if int(request.one("Upload-Offset")) != got:
                return reply("409 Conflict", headers=[RESUMABLE])
            digest.update(request.body)
            got += len(request.body)
        headers = [RESUMABLE, ("Upload-Offset", str(got))]
        if request.method == "GET":
            return reply(body=digest.hexdigest().encode(), headers=headers)
        return reply("204 No Content", headers=headers)

    return answer


def use(place: Place) -> Any:
    """Upload a half; resume with another uploader; compare the digests."""
    data = hashlib.shake_256(b"50 MB").digest(SIZE)
    client = TusClient(f"{place.url}files/")
    arguments: dict[str, Any] = {
        "file_stream": io.BytesIO(data),
        "chunk_size": PIECE,
    }
    # It has no argument for a CA.
    with mock.patch.dict(os.environ, REQUESTS_CA_BUNDLE=place.ca):
        first = client.uploader(**arguments)
        first.upload(stop_at=SIZE // 2)
        second = client.uploader(url=first.url, **arguments)
        second.upload()
        digest = requests.get(second.url).text
    same = digest == hashlib.sha256(data).hexdigest()
    return second.offset, first.url.endswith("/files/1"), same


PROGRAM = Program("tuspy", "50 MB in pieces, resumed after the half", app, use)
