"""elasticsearch: pinned certificates, and a certificate of the client."""

from __future__ import annotations

import json
from typing import Any

from elastic_transport import TlsError
from elasticsearch import Elasticsearch, helpers

from tests.servers import App, Reply, Request, reply

from .place import Place, Program

HEADERS = [
    ("Content-Type", "application/vnd.elasticsearch+json;compatible-with=9"),
    ("X-Elastic-Product", "Elasticsearch"),
]


def app() -> App:
    """A server that keeps documents in memory."""
    kept: list[Any] = []

    def answer(request: Request) -> Reply:
        found: Any = {"name": "node", "version": {"number": "9.0.0"}}
        if request.path.endswith("/_doc/1"):
            kept.append(json.loads(request.body))
            found = {"_id": "1", "result": "created"}
        elif request.path.endswith("/_bulk"):
            lines = request.body.splitlines()
            kept.extend(json.loads(line) for line in lines[1::2])
            items = [{"index": {"_id": str(n), "status": 201}} for n in lines[1::2]]
            found = {"errors": False, "items": items}
        elif request.path.endswith("/_search"):
            hits = [{"_id": str(n), "_source": one} for n, one in enumerate(kept)]
            found = {"hits": {"total": {"value": len(kept)}, "hits": hits}}
        return reply(body=json.dumps(found).encode(), headers=HEADERS)

    return answer


def use(place: Place) -> Any:
    """Index documents and search them; then pin the CA, and a wrong certificate."""
    certificate, key = place.cert
    arguments: dict[str, Any] = {
        "node_class": "requests",
        "client_cert": certificate,
        "client_key": key,
        "max_retries": 0,
    }
    pinned = Elasticsearch(
        place.url, ssl_assert_fingerprint=place.fingerprint, **arguments
    )
    with pinned as client:
        made = client.index(index="things", id="1", document={"t": 21.5})
        actions = [{"_index": "things", "t": n} for n in range(200)]
        bulk = helpers.bulk(client, actions)
        found = client.search(index="things")["hits"]["hits"]
    names = [
        _name(Elasticsearch(place.url, **way, **arguments))
        for way in (
            {"ca_certs": place.ca},
            {"ssl_assert_fingerprint": place.ca_fingerprint},
            {"ssl_assert_fingerprint": place.ca_fingerprint},
            {"ssl_assert_fingerprint": "00" * 32},
        )
    ]
    return made["result"], bulk, len(found), found[-1]["_source"], names


def _name(client: Elasticsearch) -> str:
    """The name of the server, or that of the error."""
    with client:
        try:
            return str(client.info()["name"])
        except TlsError as error:
            return type(error).__name__


PROGRAM = Program(
    "elasticsearch",
    "a pinned certificate, a pinned CA, mTLS, 201 documents",
    app,
    use,
    mutual=True,
)
