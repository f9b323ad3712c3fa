"""azure-storage-blob: a blob in blocks up, in ranges down, and a list."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from azure.storage.blob import BlobBlock, BlobServiceClient

from tests.servers import App, Reply, Request, reply

from .place import Place, Program

SIZE = 3_000_000
PIECE = 256 * 1024
DATA = bytes(range(256)) * (SIZE // 256)
DATES = [
    ("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT"),
    ("ETag", '"0x8D"'),
    ("x-ms-blob-type", "BlockBlob"),
    ("x-ms-version", "2021-12-02"),
]
LIST = (
    '<?xml version="1.0" encoding="utf-8"?><EnumerationResults ContainerName="data">'
    "<Blobs><Blob><Name>log.bin</Name><Properties><Content-Length>{}</Content-Length>"
    "<BlobType>BlockBlob</BlobType></Properties></Blob></Blobs><NextMarker />"
    "</EnumerationResults>"
)


def app() -> App:
    """A container with one blob."""
    blocks: dict[str, bytes] = {}
    blob = bytearray()

    def put(request: Request, what: str, query: dict[str, list[str]]) -> Reply:
        if what == "block":
            blocks[query["blockid"][0]] = request.body
        elif what == "blocklist":
            wanted = re.findall("<Latest>(.*?)</Latest>", request.body.decode())
            blob[:] = b"".join(blocks[one] for one in wanted)
        return reply("201 Created", headers=DATES)

    def get(request: Request, what: str) -> Reply:
        if what == "list":
            text = LIST.format(len(blob)).encode()
            return reply(body=text, headers=[("Content-Type", "application/xml")])
        first, last = map(int, request.one("x-ms-range")[6:].split("-"))
        part = bytes(blob[first : last + 1])
        told = f"bytes {first}-{first + len(part) - 1}/{len(blob)}"
        headers = [*DATES, ("Content-Range", told)]
        return reply("206 Partial Content", part, headers)

    def answer(request: Request) -> Reply:
        assert request.one("Authorization").startswith("SharedKey account:")
        query = parse_qs(urlsplit(request.target).query)
        what = query.get("comp", [""])[0]
        if request.method == "PUT":
            return put(request, what, query)
        return get(request, what)

    return answer


def use(place: Place) -> Any:
    """Send a blob and fetch it, with two threads."""
    key = base64.b64encode(b"key of the account").decode()
    with BlobServiceClient(
        f"{place.url}account",
        {"account_name": "account", "account_key": key},
        connection_verify=place.ca,
        max_single_put_size=PIECE,
        max_block_size=PIECE,
        max_single_get_size=PIECE,
        max_chunk_get_size=PIECE,
        retry_total=0,
    ) as service:
        container = service.get_container_client("data")
        blob = container.get_blob_client("log.bin")
        blob.upload_blob(DATA, overwrite=True, max_concurrency=2)
        got = blob.download_blob(max_concurrency=2).readall()
        names = [(one.name, one.size) for one in container.list_blobs()]
        # By hand, too.
        blob.stage_block("one", b"end")
        blob.commit_block_list([BlobBlock(block_id="one")])
        rest = blob.download_blob().readall()
    digest = hashlib.sha256(got).hexdigest()
    return digest == hashlib.sha256(DATA).hexdigest(), names, rest


PROGRAM = Program(
    "azure-storage-blob",
    "3 MB in blocks up and in ranges down, two at a time",
    app,
    use,
)
