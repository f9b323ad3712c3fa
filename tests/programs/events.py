"""sseclient-py: a stream of events, and telemetry beside it."""

from __future__ import annotations

import threading
from typing import Any

import requests
from sseclient import SSEClient

from tests.servers import App, Part, Reply, Request, chunked, kept, reply

from .place import Place, Program

COUNT = 20
HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)


def app() -> App:
    """Each post makes one event in the stream."""
    posted = [threading.Event() for _ in range(COUNT)]

    def answer(request: Request) -> Reply:
        if request.method == "POST":
            posted[int(request.path.rpartition("/")[2])].set()
            return reply("204 No Content")
        parts: list[Part] = [HEAD, chunked(b": welcome\n\n")]
        for number, event in enumerate(posted):
            text = b"event: got\nid: %d\ndata: {\n" % number
            # In two chunks.
            parts += [event, chunked(text, b"data: %d}\n\n" % number)]
        return kept(*parts, b"0\r\n\r\n")

    return answer


def use(place: Place) -> Any:
    """Post, and wait for the event of it; by turns with TLS and without it."""
    found = []
    headers = {"Accept": "text/event-stream"}
    with requests.Session() as session:
        session.verify = place.ca
        stream: Any = session.get(f"{place.url}events", headers=headers, stream=True)
        with stream:
            events = SSEClient(stream).events()
            for number in range(COUNT):
                url = place.plain_url if number % 2 else place.url
                session.post(f"{url}telemetry/{number}", json={"t": number})
                event = next(events)
                found.append((event.event, event.id, event.data))
            rest = [*events]
    return found[0], found[-1], len(found), rest


PROGRAM = Program(
    "sseclient-py", "20 events of a stream, each after a post beside it", app, use
)
