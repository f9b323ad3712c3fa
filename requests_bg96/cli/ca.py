"""``requests-bg96 ca``: write the root certificates that hosts need."""

from __future__ import annotations

from typing import Any, TextIO

import click
from rich.markup import escape

from .options import as_json, bundle
from .output import console, show_json
from .roots import Found, RootError, find_root, read_bundle, split_address

__all__ = ("root_command",)


@click.command("ca")
@click.argument("addresses", metavar="HOST[:PORT]...", nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    type=click.File("w", encoding="ascii", lazy=True),
    help="The file to write. Without it, the certificates are printed.",
)
@bundle
@as_json
def root_command(
    addresses: tuple[str, ...], output: TextIO | None, bundle: str, as_json: bool
) -> None:
    """Write the root certificates that hosts need.

    The module then gets 2 kB, and not 180: pass the file as ca_certs= to BG96Adapter,
    as verify= to a request, or as --cacert. The file tells the day on which each root
    expires. A host may change its root before that.

    This command uses the network of this machine, not the modem.
    """
    try:
        found = _found(addresses, read_bundle(bundle))
    except RootError as error:
        raise click.ClickException(str(error)) from error
    for address, root in found.items():
        click.echo(
            f"{address}: {root.subject}, expires {root.expires or 'never'} "
            f"({root.handshakes} handshakes)",
            err=True,
        )
        if not root.suits_module:
            click.echo(
                f"warning: the module cannot connect to {address}: "
                f'"requests-bg96 check {address}" tells why',
                err=True,
            )
    pems = _file(found)
    if as_json:
        show_json([_as_data(address, root) for address, root in found.items()])
    if output is not None or not as_json:
        click.echo(pems, output, nl=False)


def _found(addresses: tuple[str, ...], bundle: list[str]) -> dict[str, Found]:
    """Return the root of each address.

    :raises RootError: if one has none.
    """
    places = {address: split_address(address) for address in addresses}
    found: dict[str, Found] = {}
    with console(stderr=True).status("") as shown:
        for address, place in places.items():
            shown.update(f"asking {escape(address)}")
            found[address] = find_root(*place, bundle)
    return found


def _file(found: dict[str, Found]) -> str:
    """Return the roots as a file: each once, with a comment in ASCII."""
    hosts: dict[Found, list[str]] = {}
    for address, root in found.items():
        known = next((one for one in hosts if one.pem == root.pem), root)
        hosts.setdefault(known, []).append(address)
    parts = []
    for root, addresses in hosts.items():
        named = f"{root.subject}, expires {root.expires or 'never'}".encode(
            "ascii", "replace"
        )
        parts.append(f"# {named.decode()}, for {', '.join(addresses)}\n{root.pem}")
    return "\n".join(parts)


def _as_data(address: str, root: Found) -> dict[str, Any]:
    return {
        "address": address,
        "root": root.subject,
        "expires": root.expires and root.expires.isoformat(),
        "suits_module": root.suits_module,
        "handshakes": root.handshakes,
        "pem": root.pem,
    }
