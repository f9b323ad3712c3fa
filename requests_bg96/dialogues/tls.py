"""Set up the module's TLS, so that a connection is checked as the caller asked.

Important settings are read back before a connection is made. Otherwise, noise in a
settings line, or a key that the module does not know, could weaken the checks.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable

from ..at.parameters import joined
from ..at.steps import Command, Dialogue, asked, must, prove
from ..base import repeating
from ..base.knowledge import Knowledge
from ..base.module_files import Progress
from ..base.trust import StoredFile, Trust
from ..errors import TrustError
from ..settings import Settings
from .files import store

__all__ = ("fits", "secure")

#: How wrong the module's clock may be; certificates are valid for days.
CLOCK_TOLERANCE = datetime.timedelta(days=1)
#: If the machine's own clock is earlier, it is not set either.
PLAUSIBLE = datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc)
#: The range of ``negotiatetime`` (SSL manual 2.1.1).
NEGOTIATE_SECONDS = (10, 300)
#: The keys of later firmwares only (their own AT+QSSLCFG=?).
LATER_KEYS = ("sni", "checkhost", "ignorecertchain")
#: The settings that a kept connection would pass on to the next request, besides files.
PASSED_ON = ("seclevel", "checkhost", "ignorecertchain")
#: Keys in one line. The manual does not say how long a line may be; this is short.
KEYS_PER_LINE = 4

UNCHECKED_HOST = (
    "this module's firmware cannot check the host's name in a certificate "
    '(it does not know AT+QSSLCFG="checkhost"), so anybody with a certificate from the '
    'same CAs could pretend to be the host. Use BG96Adapter(via="socket"), with which '
    "this machine makes TLS and checks the name, or accept the risk with "
    "BG96Adapter(allow_unchecked_host=True)"
)

UNCHECKED_SERVER = (
    "this module's firmware shows a client certificate only to a server that it checks "
    '(it does not know AT+QSSLCFG="ignorecertchain"). With cert=, use via="socket", or '
    "pass verify=True or the path of the server's CA"
)


def fits(
    trust: Trust, origin: bytes, settings: Settings, known: Knowledge
) -> Dialogue[bool]:
    """Return whether a kept connection to `origin` has the right checks.

    Settings affect only connections that are opened later (SSL manual 2.1.1), and an
    unchecked server may keep its own open. Only without its PDP context does the module
    have no connection.

    :param origin: scheme, host and port.
    :raises TrustError: if the firmware cannot check what `trust` requires.
    """
    if known.tls_keys is None:
        known.tls_keys = yield from _known_keys(settings.ssl_context_id)
    if _name_is_unchecked(trust, known) and not settings.allow_unchecked_host:
        raise TrustError(UNCHECKED_HOST)
    if trust.ignores_chain and "ignorecertchain" not in known.tls_keys:
        raise TrustError(UNCHECKED_SERVER)
    wanted = _passed_on(trust, _checks(trust, known))
    before = known.peers.get(origin, wanted)
    checked = wanted["seclevel"] != "0" or before["seclevel"] == "2"
    return before == wanted or not checked


def secure(
    trust: Trust,
    origin: bytes,
    seconds: float,
    settings: Settings,
    known: Knowledge,
    *,
    progress: Progress | None = None,
    on_unchecked: Callable[[], None] | None = None,
) -> Dialogue[None]:
    """Make the next connection checked as `trust` requires; for a kept one, see `fits`.

    :param origin: scheme, host and port of the connection.
    :param seconds: how long the handshake may take; the module takes 10 to 300.
    :param progress: called while a file is sent to the module.
    :param on_unchecked: called if the host's name should be checked but cannot be.
    :raises TrustError: if the module does not take the settings.
    """
    if on_unchecked and _name_is_unchecked(trust, known):
        on_unchecked()
    for file in trust.files:
        yield from _ensure_stored(file, known, progress)
    if trust.ca and settings.set_clock and not known.checked.clock:
        yield from _set_clock()
        known.checked.clock = True
    wanted = _wanted(trust, seconds, settings, known)
    if known.checked.tls != wanted:
        given, known.checked.tls = known.checked.tls or {}, None
        yield from _configure(wanted, given, settings)
        known.checked.tls = wanted
    known.peers[origin] = _passed_on(trust, wanted)


def _name_is_unchecked(trust: Trust, known: Knowledge) -> bool:
    keys = known.tls_keys or ()
    return bool(trust.ca) and trust.check_host and "checkhost" not in keys


def _known_keys(context: int) -> Dialogue[frozenset[str]]:
    """Ask for the keys that the firmware knows, and each missing one again.

    A line that noise has changed must not look like a firmware that cannot check.
    """
    reply = yield from must(Command("+QSSLCFG=?"))
    values = reply.values("+QSSLCFG")
    known = {value.split(",")[0].strip('"') for value in values}
    for key in LATER_KEYS:
        if key not in known:
            reply = yield from asked(Command(f'+QSSLCFG="{key}",{context}'))
            if reply.ok:
                known.add(key)
    return frozenset(known)


def _ensure_stored(
    file: StoredFile, known: Knowledge, progress: Progress | None
) -> Dialogue[None]:
    """Make sure that the module has this file under its name.

    A file whose upload failed may have the right size and a wrong content. So may
    another file of the same name.
    """
    before = known.contents.get(file.name, file.digest)
    if file.name in known.checked.files and before == file.digest:
        return
    known.contents[file.name] = b""
    # A module may have read the old file when the name was set.
    known.checked.tls = None
    always = before != file.digest
    yield from store(file.name, file.content, progress, always=always)
    known.contents[file.name] = file.digest
    known.checked.files.add(file.name)


def _passed_on(trust: Trust, wanted: dict[str, str]) -> dict[str, str]:
    """Return what such a connection is checked for, and the certificate that it shows.

    A file counts by its full digest. Its name is short, so others could make a file of
    the same name.
    """
    files = {"cacert": trust.ca, "clientcert": trust.certificate}
    digests = {key: file.digest.hex() for key, file in files.items() if file}
    return digests | {key: wanted[key] for key in PASSED_ON if key in wanted}


def _wanted(
    trust: Trust, seconds: float, settings: Settings, known: Knowledge
) -> dict[str, str]:
    low, high = NEGOTIATE_SECONDS
    wanted = {
        "sslversion": str(settings.sslversion),
        "ciphersuite": settings.ciphersuite,
        "ignorelocaltime": "0" if trust.ca else "1",
        "negotiatetime": str(min(max(int(seconds), low), high)),
    }
    names = {
        "cacert": trust.ca,
        "clientcert": trust.certificate,
        "clientkey": trust.key,
    }
    wanted |= {key: f'"{file.name}"' for key, file in names.items() if file}
    return wanted | _checks(trust, known)


def _checks(trust: Trust, known: Knowledge) -> dict[str, str]:
    """Return the settings of the checks, as far as the firmware has them."""
    later = {
        "sni": "1",
        "checkhost": str(int(bool(trust.ca) and trust.check_host)),
        "ignorecertchain": str(int(trust.ignores_chain)),
    }
    keys = known.tls_keys or ()
    return {"seclevel": str(trust.seclevel)} | {
        key: value for key, value in later.items() if key in keys
    }


def _configure(
    wanted: dict[str, str], given: dict[str, str], settings: Settings
) -> Dialogue[None]:
    """Write the settings that are wrong, and read all of them back.

    :param given: the settings that are known to be in force.
    """
    context = settings.ssl_context_id
    for attempt in repeating.TLS.times:
        if attempt:
            yield from asked(Command(f'+QHTTPCFG="sslctxid",{context}'))
        for key, value in wanted.items():
            if given.get(key) != value:
                # A refused or changed setting shows when it is read back.
                yield from asked(Command(f'+QSSLCFG="{key}",{context},{value}'))
        found = yield from _read_back(wanted, settings)
        wrong = [key for key in wanted if found.get(key) != wanted[key].casefold()]
        if not wrong:
            return
        given = {}
    raise TrustError(
        "the module does not take these settings, or the line changes them; check the "
        "firmware and the wiring: "
        + ", ".join(f"{key} is {found.get(key)}, not {wanted[key]}" for key in wrong),
        command="AT+QSSLCFG",
    )


def _read_back(wanted: dict[str, str], settings: Settings) -> Dialogue[dict[str, str]]:
    """Return the settings of the context, if it is the one that requests use."""
    context = settings.ssl_context_id
    texts = [f'+QSSLCFG="{key}",{context}' for key in wanted]
    found = {}
    # Then the answer certainly comes from the module.
    yield from prove()
    for start in range(0, len(texts), KEYS_PER_LINE):
        line = joined("+QHTTPCFG?", *texts[start : start + KEYS_PER_LINE])
        reply = yield from asked(Command(line))
        # Related modules put a blank after commas, or the storage before a file name.
        values = [value.replace(" ", "") for value in reply.values("+QSSLCFG")]
        if f'"sslctxid",{context}' not in reply.values("+QHTTPCFG"):
            continue
        for key, _, value in (text.partition(f",{context},") for text in values):
            found[key.strip('"')] = value.replace('"UFS:', '"').casefold()
    return found


def _set_clock() -> Dialogue[None]:
    """Set the module's clock if it is wrong, because no certificate would be valid.

    The clock is lost without power, and starts years ago (AT manual 11.2).
    """
    now = datetime.datetime.now(datetime.timezone.utc)
    reply = yield from asked(Command("+CCLK?"))
    told = clock_of("".join(reply.values("+CCLK")))
    if now < PLAUSIBLE or (told and abs(told - now) < CLOCK_TOLERANCE):
        return
    yield from must(Command(f'+CCLK="{now:%y/%m/%d,%H:%M:%S}+00"'))


def clock_of(text: str) -> datetime.datetime | None:
    """Return the time in an answer such as ``"24/02/29,12:00:00+04"``.

    The zone is in quarters of an hour.
    """
    moment, zone = text.strip('"')[:17], text.strip('"')[17:]
    try:
        local = datetime.datetime.strptime(moment, "%y/%m/%d,%H:%M:%S")
        offset = datetime.timedelta(minutes=15 * int(zone or "0"))
        return (local - offset).replace(tzinfo=datetime.timezone.utc)
    except (ValueError, OverflowError):
        return None
