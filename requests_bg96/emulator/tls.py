"""The SSL contexts of AT+QSSLCFG (SSL manual 2.1.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .file_names import plain_name
from .network import TlsSettings
from .results import CommandFailed

if TYPE_CHECKING:
    from .module import Module

__all__ = ("CIPHER_SUITES", "CONTEXTS", "LATER_KEYS", "TlsContexts")

#: The end of a certificate in a file with several.
_END = b"-----END CERTIFICATE-----"

#: The number of SSL contexts: 0 to 5.
CONTEXTS = 6

#: The codes of "ciphersuite", in the order of the test form.
CIPHER_SUITES = (
    0x0035,
    0x002F,
    0x0005,
    0x0004,
    0x000A,
    0x003D,
    0xC011,
    0xC012,
    0xC013,
    0xC014,
    0xC027,
    0xC028,
    0xC02F,
    0xFFFF,
)

#: The keys that only later firmwares have.
LATER_KEYS = ("sni", "checkhost", "ignorecertchain")

#: The values after a start. ignorelocaltime is from a BG96 transcript, negotiatetime
#: from the SSL manual. The others are inferred.
DEFAULTS: dict[str, Any] = {
    "sslversion": 4,
    "ciphersuite": 0xFFFF,
    "cacert": "",
    "clientcert": "",
    "clientkey": "",
    "seclevel": 0,
    "sni": 0,
    "checkhost": 0,
    "ignorecertchain": 0,
    "ignorelocaltime": 1,
    "negotiatetime": 300,
}


class TlsContexts:
    """The settings of all SSL contexts; a reset loses them.

    :param module: the module.
    """

    def __init__(self, module: Module) -> None:
        self._module = module
        self.reset()

    def __getitem__(self, number: int) -> dict[str, Any]:
        return self._contexts[number]

    def reset(self) -> None:
        """Restore the defaults."""
        self._contexts = [dict(DEFAULTS) for _ in range(CONTEXTS)]

    def settings(self, number: int) -> TlsSettings:
        """Return one context, with the content of its files."""
        values = self._contexts[number]
        return TlsSettings(
            version=values["sslversion"],
            cipher_suite=values["ciphersuite"],
            level=values["seclevel"],
            ca_certificate=self._authorities(values["cacert"]),
            client_certificate=self._file(values["clientcert"]),
            client_key=self._file(values["clientkey"]),
            ignore_time=values["ignorelocaltime"] == 1,
            negotiate_time=values["negotiatetime"],
            server_name=values["sni"] == 1,
            check_host=values["checkhost"] == 1,
            ignore_chain=values["ignorecertchain"] == 1,
            time=self._module.store.utc(self._module.scheduler.now),
        )

    def _authorities(self, name: str) -> bytes | None:
        content = self._file(name)
        if content is None or self._module.switches.ca_bundle == "whole":
            return content
        end = content.find(_END)
        return content if end < 0 else content[: end + len(_END)] + b"\n"

    def _file(self, name: str) -> bytes | None:
        if not name:
            return None
        try:
            return bytes(self._module.files.content(plain_name(name)))
        except CommandFailed:
            return None
