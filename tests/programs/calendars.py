"""caldav: find a calendar, add an event, read it, delete it."""

from __future__ import annotations

import base64
from typing import Any
from xml.sax.saxutils import escape

import caldav

from tests.servers import App, Reply, Request, reply

from .place import Place, Program

EVENT = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//test//test//EN
BEGIN:VEVENT
UID:visit@example.org
DTSTAMP:20260101T000000Z
DTSTART:20260102T100000Z
DTEND:20260102T110000Z
SUMMARY:Visit the pump
END:VEVENT
END:VCALENDAR
"""
STATUS = "<d:status>HTTP/1.1 200 OK</d:status>"
#: By the property that is asked for: where it is, and its value.
FOUND = {
    b"current-user-principal": (
        "/",
        "<d:current-user-principal><d:href>/me/</d:href></d:current-user-principal>",
    ),
    b"calendar-home-set": (
        "/me/",
        "<c:calendar-home-set><d:href>/home/</d:href></c:calendar-home-set>",
    ),
    b"resourcetype": (
        "/home/pumps/",
        "<d:resourcetype><d:collection/><c:calendar/></d:resourcetype>"
        "<d:displayname>Pumps</d:displayname>",
    ),
}


def _found(href: str, properties: str) -> Reply:
    text = (
        '<?xml version="1.0"?><d:multistatus xmlns:d="DAV:" '
        'xmlns:c="urn:ietf:params:xml:ns:caldav">'
        f"<d:response><d:href>{href}</d:href><d:propstat><d:prop>{properties}</d:prop>"
        f"{STATUS}</d:propstat></d:response></d:multistatus>"
    )
    kind = [("Content-Type", "application/xml; charset=utf-8")]
    return reply("207 Multi-Status", text.encode(), kind)


def app() -> App:
    """A calendar server with one calendar."""
    events: dict[str, str] = {}
    basic = "Basic " + base64.b64encode(b"me:secret").decode()

    def answer(request: Request) -> Reply:
        if request.all("Authorization") != [basic]:
            wanted = [("WWW-Authenticate", 'Basic realm="calendars"')]
            return reply("401 Unauthorized", headers=wanted)
        if request.method == "PROPFIND":
            for name, (href, properties) in FOUND.items():
                if name in request.body:
                    return _found(href, properties)
        if request.method == "REPORT":
            ((href, data),) = events.items()
            return _found(href, f"<c:calendar-data>{escape(data)}</c:calendar-data>")
        if request.method == "PUT":
            events[request.path] = request.body.decode()
            return reply("201 Created")
        if request.method == "DELETE":
            del events[request.path]
            return reply("204 No Content")
        if request.path in events:
            kind = [("Content-Type", "text/calendar")]
            return reply(body=events[request.path].encode(), headers=kind)
        return reply("404 Not Found")

    return answer


def use(place: Place) -> Any:
    """Use the calendar."""
    with caldav.DAVClient(
        place.url, username="me", password="secret", ssl_verify_cert=place.ca
    ) as client:
        (calendar,) = client.principal().calendars()
        event = calendar.save_event(EVENT)
        found = calendar.event_by_url(event.url)
        (searched,) = calendar.events()
        texts = [
            "SUMMARY:Visit the pump" in one.data for one in (event, found, searched)
        ]
        event.delete()
        return str(calendar.url.path), calendar.name, event.url.path, texts


PROGRAM = Program("caldav", "PROPFIND, PUT, GET, REPORT, DELETE", app, use)
