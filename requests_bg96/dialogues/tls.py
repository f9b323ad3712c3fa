"""The module's TLS, set up so that a connection is checked as the caller asked.

What matters is read back before a connection is made, for a settings line that noise
has changed, or a key that the module does not know, would otherwise leave it less
checked than that.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable

from ..at.parameters import joined
from ..at.steps import Command, Dialogue, asked, must, prove
from ..base import repeating
from ..base.knowledge import Knowledge
from ..base.trust import StoredFile, Trust
from ..errors import TrustError
from ..settings import Settings
from .files import Progress, store

__all__ = ("fits", "secure")

#: How far the module's clock may be off: certificates are dated by days.
CLOCK_TOLERANCE = datetime.timedelta(days=1)
#: A machine whose own clock says less has not been told the time either.
PLAUSIBLE = datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc)
#: What ``negotiatetime`` may be (SSL manual 2.1.1).
NEGOTIATE_SECONDS = (10, 300)
#: What only later firmwares know (their own AT+QSSLCFG=?).
LATER_KEYS = ("sni", "checkhost", "ignorecertchain")
#: What a connection that is kept would pass on to the next request, and the files.
PASSED_ON = ("seclevel", "checkhost", "ignorecertchain")
#: The manual does not say how long a command line may be; those of this many are not.
KEYS_PER_LINE = 4

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


def fits(
    trust: Trust, origin: bytes, settings: Settings, known: Knowledge
) -> Dialogue[bool]:
    """Return whether a connection to `origin` that the module has kept is fit.

    Settings count for connections that are opened later (SSL manual 2.1.1), and a
    server that nobody has checked may well keep its own open. Only without its PDP
    context the module has none.

    :param origin: scheme, host and port.
    :raises TrustError: if the firmware cannot check what `trust` asks for.
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
    """Have the next connection checked as `trust` says; see `fits` for one before it.

    :param origin: scheme, host and port that it will lead to.
    :param seconds: how long the handshake may take; the module takes 10 to 300.
    :param progress: called while a file is sent to the module.
    :param on_unchecked: called where the host's name is not checked though it should.
    :raises TrustError: if the module does not take the settings.
    """
    if on_unchecked and _name_is_unchecked(trust, known):
        on_unchecked()
    for file in trust.files:
        yield from _provide(file, known, progress)
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
    """Ask which keys the firmware knows; those that it seems to lack, one by one.

    A line that noise has changed must not pass for a firmware that cannot check.
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


def _provide(
    file: StoredFile, known: Knowledge, progress: Progress | None
) -> Dialogue[None]:
    """Let the module have a file, and no other under its name.

    One that was being sent when the line failed has its size, and may have anything
    in it; so may one that only has the same name.
    """
    before = known.contents.get(file.name, file.digest)
    if file.name in known.checked.files and before == file.digest:
        return
    known.contents[file.name] = b""
    # A module may have read what the name stood for when it was told the name.
    known.checked.tls = None
    anew = before != file.digest
    yield from store(file.name, file.content, progress, anew=anew)
    known.contents[file.name] = file.digest
    known.checked.files.add(file.name)


def _passed_on(trust: Trust, wanted: dict[str, str]) -> dict[str, str]:
    """Return what a connection that is made like that was checked for, and shows.

    A file counts by all of its digest: its name is short enough that others of that
    name can be made.
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
    """Return the settings that say what is checked, as far as the firmware has them."""
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
    """Write what is not as wanted, and look whether all of it is now.

    :param given: what is known to be as it was written.
    """
    context = settings.ssl_context_id
    for attempt in repeating.TLS.times:
        if attempt:
            yield from asked(Command(f'+QHTTPCFG="sslctxid",{context}'))
        for key, value in wanted.items():
            if given.get(key) != value:
                # What is refused, or changed on the way, is seen when it is read.
                yield from asked(Command(f'+QSSLCFG="{key}",{context},{value}'))
        found = yield from _read_back(wanted, settings)
        wrong = [key for key in wanted if found.get(key) != wanted[key].casefold()]
        if not wrong:
            return
        given = {}
    raise TrustError(
        "the module does not take these settings, or the line changes them: "
        + ", ".join(f"{key} is {found.get(key)}, not {wanted[key]}" for key in wrong),
        command="AT+QSSLCFG",
    )


def _read_back(wanted: dict[str, str], settings: Settings) -> Dialogue[dict[str, str]]:
    """Return the settings of the context, if it is the one that requests go by."""
    context = settings.ssl_context_id
    texts = [f'+QSSLCFG="{key}",{context}' for key in wanted]
    found = {}
    # So what is read back is surely the module's.
    yield from prove()
    for start in range(0, len(texts), KEYS_PER_LINE):
        line = joined("+QHTTPCFG?", *texts[start : start + KEYS_PER_LINE])
        reply = yield from asked(Command(line))
        # Siblings put a blank behind commas, or the storage before a file's name.
        values = [value.replace(" ", "") for value in reply.values("+QSSLCFG")]
        if f'"sslctxid",{context}' not in reply.values("+QHTTPCFG"):
            continue
        for key, _, value in (text.partition(f",{context},") for text in values):
            found[key.strip('"')] = value.replace('"UFS:', '"').casefold()
    return found


def _set_clock() -> Dialogue[None]:
    """Tell the module the time if it has it wrong, or no certificate would be valid.

    Its clock is lost without supply, and starts long ago (AT manual 11.2).
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
