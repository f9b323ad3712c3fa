"""``requests-bg96 ca``: write the one root certificate that a host needs."""

from __future__ import annotations

from typing import TextIO

import click
import requests

from .roots import RootError, find_root, read_bundle, split_address

__all__ = ("root_command",)


@click.command("ca")
@click.argument("address", metavar="HOST[:PORT]")
@click.option(
    "-o",
    "--output",
    type=click.File("w", encoding="ascii", lazy=True),
    default="-",
    help="The file to write. Without it, the certificate is printed.",
)
@click.option(
    "--bundle",
    type=click.Path(exists=True, dir_okay=False),
    default=requests.utils.DEFAULT_CA_BUNDLE_PATH,
    help="The roots to choose from. Default: requests' own.",
)
def root_command(address: str, output: TextIO, bundle: str) -> None:
    """Find the root certificate of HOST's chain.

    The module then needs to be sent 2 kB, and not 180: pass the file as ca_certs= to
    BG96Adapter, or as verify= to a request. This command uses the network of this
    machine, not the modem.
    """
    try:
        host, port = split_address(address)
        found = find_root(host, port, read_bundle(bundle))
    except RootError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{found.subject} ({found.handshakes} handshakes)", err=True)
    if not found.suits_module:
        click.echo(
            f"warning: the module cannot connect to {host}: the server needs TLS 1.3, "
            "or has no certificate with an RSA key",
            err=True,
        )
    click.echo(found.pem, output, nl=False)
