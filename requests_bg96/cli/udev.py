"""``requests-bg96 udev``: prints rules for a module on USB (Linux)."""

from __future__ import annotations

import click

from ..at.usb import AT_INTERFACE, USB_ID

__all__ = ("RULES", "udev_command")

_VENDOR, _PRODUCT = (f"{number:04x}" for number in USB_ID)
_MODULE = f'ATTRS{{idVendor}}=="{_VENDOR}", ATTRS{{idProduct}}=="{_PRODUCT}"'
_PORT = (
    f'SUBSYSTEM=="tty", ENV{{.BG96}}=="1", '
    f'ATTRS{{bInterfaceNumber}}=="{AT_INTERFACE:02}"'
)
#: All ATTRS of one rule must be those of one device, and an interface has no idVendor.
#: So a variable carries the match from one rule to the next.
RULES = f"""\
# Quectel BG96 ({_VENDOR}:{_PRODUCT})
ACTION=="remove", GOTO="bg96_end"
# Keep ModemManager off the module.
{_MODULE}, ENV{{ID_MM_DEVICE_IGNORE}}="1", ENV{{.BG96}}="1"
# The AT port is /dev/bg96, and with a serial number /dev/bg96-SERIAL as well.
{_PORT}, SYMLINK+="bg96"
{_PORT}, ENV{{ID_SERIAL_SHORT}}=="?*", SYMLINK+="bg96-$env{{ID_SERIAL_SHORT}}"
LABEL="bg96_end"
"""


@click.command("udev")
def udev_command() -> None:
    """Print rules that keep ModemManager off the module.

    Write them with "requests-bg96 udev | sudo tee /etc/udev/rules.d/70-bg96.rules", and
    load them with "sudo udevadm control --reload && sudo udevadm trigger".

    They also name its AT port: /dev/bg96. With several modules, use /dev/bg96-SERIAL.
    """
    click.echo(RULES, nl=False)
