"""Plugins for HTTPie: ``http http+bg96://example.org/`` goes over the modem.

The port and the settings come from the environment and the configuration file, as for
the commands. This needs the extra ``httpie``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

import click
import requests
from httpie.plugins import TransportPlugin
from requests.adapters import BaseAdapter

from ..adapter import BG96Adapter
from .configuration import defaults, path_of, read
from .options import SettingsCommand
from .session import adapter_options, made_adapter

__all__ = ("HTTPOverModem", "HTTPSOverModem")


@click.command("httpie", cls=SettingsCommand)
@adapter_options
def _settings(**given: Any) -> dict[str, Any]:
    """Return the settings as they are without a command line."""
    given.pop("verbose")
    return given


def _adapter() -> BG96Adapter:
    """Return an adapter with the settings of this machine.

    :raises requests.exceptions.RequestException: if a setting is wrong.
    """
    path = path_of()
    ctx = click.Context(click.Group(commands=[_settings]))
    ctx.invoked_subcommand = _settings.name
    try:
        found = defaults(ctx, read(path), path)
        given = _settings.main(
            [],
            standalone_mode=False,
            auto_envvar_prefix="BG96",
            default_map=found.get("httpie"),
        )
    except click.ClickException as error:
        raise requests.exceptions.RequestException(error.format_message()) from error
    return made_adapter(given)


class BG96SchemeAdapter(BaseAdapter):
    """Sends requests for URLs with our schemes over the modem.

    HTTPie makes one for each run, so the adapter is made only if a request needs it.

    :param scheme: of the URLs, for example ``http+bg96``.
    """

    def __init__(self, scheme: str) -> None:
        super().__init__()
        self._scheme = scheme
        self._made: BG96Adapter | None = None

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Send a request without the part ``+bg96`` of its scheme.

        The places of redirects get it, so that they go over the modem, too.
        """
        if self._made is None:
            self._made = _adapter()
        sent = request.copy()
        sent.url = str(request.url).replace("+bg96:", ":", 1)
        response = self._made.send(sent, stream, timeout, verify, cert, proxies)
        response.request, response.url = request, str(request.url)
        if location := response.headers.get("Location"):
            response.headers["Location"] = _on_modem(sent.url, location)
        return response

    def close(self) -> None:
        """Give the port back."""
        if self._made is not None:
            self._made.close()


def _on_modem(url: str, location: str) -> str:
    """Return the place of a redirect, absolute, and with a scheme of ours.

    It is read as requests reads it, which drops a tab inside a scheme. Nothing
    that a server sends may lead past the modem.
    """
    place = urlsplit(urljoin(url, location))
    if place.scheme in ("http", "https"):
        place = place._replace(scheme=f"{place.scheme}+bg96")
    return place.geturl()


class HTTPOverModem(TransportPlugin):  # type: ignore[misc]
    """``http+bg96://``, which HTTPie lists among its plugins."""

    name = "BG96"
    description = "HTTP over a Quectel BG96"
    prefix = "http+bg96://"

    def get_adapter(self) -> BG96SchemeAdapter:
        """Return the adapter for URLs with the prefix."""
        return BG96SchemeAdapter(self.prefix[:-3])


class HTTPSOverModem(HTTPOverModem):
    """``https+bg96://``, with TLS."""

    description = "HTTPS over a Quectel BG96"
    prefix = "https+bg96://"
