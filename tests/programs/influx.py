"""influxdb: points are written, and read back."""

from __future__ import annotations

import gzip
import json
from typing import Any

from influxdb import InfluxDBClient
from influxdb.exceptions import InfluxDBClientError

from tests.servers import App, Reply, Request, reply

from .place import Place, Program

KIND = [("Content-Type", "application/json"), ("X-Influxdb-Version", "1.8.10")]


def app() -> App:
    """A data base with one measurement."""
    lines: list[bytes] = []

    def answer(request: Request) -> Reply:
        if request.path == "/write":
            if b"bad" in request.target.encode():
                text = b'{"error": "database not found"}'
                return reply("404 Not Found", text, KIND)
            lines.extend(gzip.decompress(request.body).splitlines())
            return reply("204 No Content", headers=KIND)
        values = [[n, line.decode()] for n, line in enumerate(lines)]
        series = [{"name": "pump", "columns": ["time", "line"], "values": values}]
        found = {"results": [{"statement_id": 0, "series": series}]}
        return reply(body=json.dumps(found).encode(), headers=KIND)

    return answer


def use(place: Place) -> Any:
    """Write 2,000 points in batches, and read them."""
    with InfluxDBClient(
        "localhost",
        place.port,
        "user",
        "secret",
        "plant",
        ssl=True,
        verify_ssl=place.ca,
        gzip=True,
        retries=1,
    ) as client:
        points = [
            {
                "measurement": "pump",
                "tags": {"site": "north"},
                "time": n,
                "fields": {"bar": n / 8},
            }
            for n in range(2_000)
        ]
        written = client.write_points(points, batch_size=500)
        found = [*client.query("SELECT * FROM pump").get_points()]
        try:
            client.write_points(points[:1], database="bad")
        except InfluxDBClientError as error:
            refused = error.code
    return written, len(found), found[-1], refused


PROGRAM = Program("influxdb", "2,000 points in batches, and a query", app, use)
