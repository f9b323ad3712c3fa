"""Report the readings of a water meter."""

from __future__ import annotations

import os
import sys
import uuid

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

import requests_bg96

#: Repeat a report only where the server cannot have it yet, or says so.
RETRY = Retry(total=3, backoff_factor=2, status_forcelist=[503], allowed_methods=None)


class Meter:
    """Reports readings to a server.

    :param url: where reports go.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = requests.Session()
        self._session.mount("https://", HTTPAdapter(max_retries=RETRY))
        self._session.mount("http://", HTTPAdapter(max_retries=RETRY))

    def report(self, cubic_metres: float) -> bool:
        """Send a reading; return whether the server has it.

        The server takes each key once, so a repeated report does no harm.
        """
        try:
            response = self._session.post(
                self._url,
                json={"cubic_metres": cubic_metres},
                headers={"Idempotency-Key": str(uuid.uuid4())},
                timeout=(60, 30),
            )
        except requests.RequestException as error:
            print(f"not reported: {error}", file=sys.stderr)
            return False
        return response.ok


def main() -> int:
    """Report the reading on the command line, over the modem of this machine."""
    adapter = requests_bg96.BG96Adapter(os.environ.get("BG96_PORT"))
    with requests_bg96.install(adapter):
        meter = Meter(os.environ["WATER_METER_URL"])
        return 0 if meter.report(float(sys.argv[1])) else 1
