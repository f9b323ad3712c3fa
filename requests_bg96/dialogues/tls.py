"""The module's TLS, set up so that a connection is checked as the caller asked.

What matters is read back before a connection is made, for a settings line that noise
has changed, or a key that the module does not know, would otherwise leave it less
checked than that.
"""

from __future__ import annotations

import datetime

from ..at import Command, joined
from ..errors import TrustError
from ..state import ModuleState, Settings
from ..trust import Trust
from . import Dialogue, asked, must
from .files import Progress, store

__all__ = ("secure",)

#: How far the module's clock may be off: certificates are dated by days.
CLOCK_TOLERANCE = datetime.timedelta(days=1)
#: A machine whose own clock says less has not been told the time either.
PLAUSIBLE = datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc)
#: What ``negotiatetime`` may be (SSL manual 2.1.1).
NEGOTIATE_SECONDS = (10, 300)
#: What a connection that is checked relies on.
CRITICAL = ("seclevel", "cacert", "ignorelocaltime", "checkhost", "ignorecertchain")

UNCHECKED_HOST = (
    "this module's firmware cannot check that a certificate was issued to the host "
    'that was asked for (AT+QSSLCFG="checkhost" is unknown to it), so anybody with a '
    "certificate from the same authorities could pass for it. Update the firmware, "
    "trust only a CA of your own, or accept the risk with "
    "BG96Adapter(allow_unchecked_host=True)"
)

UNCHECKED_SERVER = (
    "this module's firmware shows a client certificate only to a server that it checks "
    '(AT+QSSLCFG="ignorecertchain" is unknown to it): cert= needs verify=True, or the '
    "path of the server's CA"
)


def secure(
    trust: Trust,
    seconds: float,
    settings: Settings,
    state: ModuleState,
    progress: Progress | None = None,
) -> Dialogue[None]:
    """Have the next connection checked as `trust` says.

    :param seconds: how long the handshake may take; the module takes 10 to 300.
    :param progress: called while a file is sent to the module.
    :raises TrustError: where it cannot be checked like that.
    """
    if state.tls_keys is None:
        state.tls_keys = yield from _known_keys()
    host_checked = "checkhost" in state.tls_keys
    if trust.ca and trust.check_host and not host_checked:
        if not settings.allow_unchecked_host:
            raise TrustError(UNCHECKED_HOST)
    if trust.ignores_chain and "ignorecertchain" not in state.tls_keys:
        raise TrustError(UNCHECKED_SERVER)
    for file in trust.files:
        if file.name not in state.files:
            yield from store(file.name, file.content, not settings.rtscts, progress)
            state.files.add(file.name)
    if trust.ca and settings.set_clock and not state.clock_checked:
        yield from _set_clock()
        state.clock_checked = True
    wanted = _wanted(trust, seconds, settings, state.tls_keys)
    if state.tls != wanted:
        given, state.tls = state.tls or {}, None
        yield from _configure(wanted, given, settings.ssl_context_id)
        state.tls = wanted


def _known_keys() -> Dialogue[frozenset[str]]:
    reply = yield from must(Command("+QSSLCFG=?"))
    values = reply.values("+QSSLCFG")
    return frozenset(value.split(",")[0].strip('"') for value in values)


def _wanted(
    trust: Trust, seconds: float, settings: Settings, known: frozenset[str]
) -> dict[str, str]:
    low, high = NEGOTIATE_SECONDS
    wanted = {
        "sslversion": str(settings.sslversion),
        "ciphersuite": settings.ciphersuite,
        "seclevel": str(trust.seclevel),
        "ignorelocaltime": "0" if trust.ca else "1",
        "negotiatetime": str(min(max(int(seconds), low), high)),
    }
    names = {
        "cacert": trust.ca,
        "clientcert": trust.certificate,
        "clientkey": trust.key,
    }
    wanted |= {key: f'"{file.name}"' for key, file in names.items() if file}
    checks = {
        "sni": "1",
        "checkhost": str(int(bool(trust.ca) and trust.check_host)),
        "ignorecertchain": str(int(trust.ignores_chain)),
    }
    return wanted | {key: value for key, value in checks.items() if key in known}


def _configure(
    wanted: dict[str, str], given: dict[str, str], context: int
) -> Dialogue[None]:
    for key, value in wanted.items():
        if given.get(key) == value:
            continue
        command = Command(f'+QSSLCFG="{key}",{context},{value}')
        reply = yield from asked(command)
        if not reply.ok:
            raise TrustError("the module refuses this setting", command=str(command))
    critical = [key for key in CRITICAL if key in wanted]
    texts = (f'+QSSLCFG="{key}",{context}' for key in critical)
    reply = yield from must(Command(joined(*texts)))
    found = [value.replace(" ", "") for value in reply.values("+QSSLCFG")]
    for key in critical:
        if f'"{key}",{context},{wanted[key]}' not in found:
            raise TrustError(f"the module has not taken the setting {key}: {found}")


def _set_clock() -> Dialogue[None]:
    """Tell the module the time if it has it wrong, or no certificate would be valid.

    Its clock is lost without supply, and starts long ago (AT manual 11.2).
    """
    now = datetime.datetime.now(datetime.timezone.utc)
    reply = yield from asked(Command("+CCLK?"))
    told = _parsed("".join(reply.values("+CCLK")))
    if now < PLAUSIBLE or (told and abs(told - now) < CLOCK_TOLERANCE):
        return
    yield from must(Command(f'+CCLK="{now:%y/%m/%d,%H:%M:%S}+00"'))


def _parsed(text: str) -> datetime.datetime | None:
    """Return the time in an answer such as ``"24/02/29,12:00:00+04"``.

    The zone is in quarters of an hour.
    """
    moment, zone = text.strip('"')[:17], text.strip('"')[17:]
    try:
        local = datetime.datetime.strptime(moment, "%y/%m/%d,%H:%M:%S")
        offset = datetime.timedelta(minutes=15 * int(zone or "0"))
        return (local - offset).replace(tzinfo=datetime.timezone.utc)
    except ValueError:
        return None
