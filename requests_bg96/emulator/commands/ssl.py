"""The settings of TLS (SSL manual 2.1). They fail with a bare ERROR."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..command_line import Form
from ..parameters import Number, Parameter, ParameterError, Rest, Text
from ..registry import Registry, Reply
from ..results import CommandFailed
from ..tls import CIPHER_SUITES, CONTEXTS, LATER_KEYS

if TYPE_CHECKING:
    from ..module import Module

__all__ = ("COMMANDS",)

COMMANDS = Registry()


class CipherSuite:
    """A code such as 0X0035, in capitals or not, without quotes."""

    default: Any = None

    def convert(self, token: str) -> int:
        """Return the code.

        :raises ParameterError: if the module does not know it.
        """
        try:
            code = int(token, 16) if token[:2].lower() == "0x" else -1
        except ValueError:
            code = -1
        if code not in CIPHER_SUITES:
            raise ParameterError(token)
        return code


#: A name, with the storage before it.
FILE_NAME = Text(84, default=None)

#: The parameter and the test form of each key, in the order of the test form.
KEYS: dict[str, tuple[Parameter, str]] = {
    "sslversion": (Number(0, 4, default=None), "(0-4)"),
    "ciphersuite": (
        CipherSuite(),
        "(%s)" % ",".join(f"0X{code:04X}" for code in CIPHER_SUITES),
    ),
    "cacert": (FILE_NAME, "<cacertpath>"),
    "clientcert": (FILE_NAME, "<client_cert_path>"),
    "clientkey": (FILE_NAME, "<client_key_path>"),
    "seclevel": (Number(0, 2, default=None), "(0-2)"),
    "sni": (Number(0, 1, default=None), "(0,1)"),
    "checkhost": (Number(0, 1, default=None), "(0,1)"),
    "ignorecertchain": (Number(0, 1, default=None), "(0,1)"),
    "ignorelocaltime": (Number(0, 1, default=None), "(0,1)"),
    "negotiatetime": (Number(10, 300, default=None), "(10-300)"),
}


def _known(module: Module) -> list[str]:
    later = module.switches.sni_checkhost
    return [key for key in KEYS if later or key not in LATER_KEYS]


@COMMANDS.test_form("+QSSLCFG")
def keys(module: Module) -> Reply:
    """List the keys of this firmware."""
    contexts = f"(0-{CONTEXTS - 1})"
    return [f'+QSSLCFG: "{key}",{contexts},{KEYS[key][1]}' for key in _known(module)]


@COMMANDS.write("+QSSLCFG", Text(32), Number(0, CONTEXTS - 1), Rest())
def configure(module: Module, key: str, number: int, values: tuple[str, ...]) -> Reply:
    """Print or set one value of an SSL context (SSL manual 2.1.1)."""
    key = key.lower()
    if key not in _known(module) or len(values) > 1:
        raise CommandFailed
    context = module.tls[number]
    if not values:
        return [f'+QSSLCFG: "{key}",{number},{_shown(key, context[key])}']
    try:
        context[key] = KEYS[key][0].convert(values[0])
    except ParameterError:
        raise CommandFailed from None
    return None


def _shown(key: str, value: int | str) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    return f"0X{value:04X}" if key == "ciphersuite" else str(value)


COMMANDS.texts("+QSSLSTATE", Form.EXECUTE)
COMMANDS.test("+QSSLSTATE", "+QSSLSTATE: (0-11)")
