"""The AT commands of the manuals, for the console of ``requests-bg96 at``."""

from __future__ import annotations

import types

__all__ = ("COMMANDS", "complete", "completions", "matching")

#: The commands that a user of this package may need, without ``AT``, with their meaning
#: and the chapter of the manual.
COMMANDS = {
    "I": "the maker, the model and the firmware (AT 2.1)",
    "E": "the echo: 0 off, 1 on (AT 2.16)",
    "&D": "what DTR does: 0 nothing, 1 ends data mode, 2 hangs up (AT 3.2)",
    "&F": "the settings of the factory (AT 2.10)",
    "&V": "the settings (AT 2.11)",
    "&W": "store the settings (AT 2.12)",
    "Z": "load the stored settings (AT 2.13)",
    "+CMEE": "errors: 0 ERROR only, 1 with a number, 2 with a text (AT 2.23)",
    "+CFUN": "the functions: 0 minimum, 1 all, 4 no radio; 1,1 restarts (AT 2.22)",
    "+CGSN": "the IMEI (AT 2)",
    "+CGMR": "the firmware (AT 2)",
    "+QGMR": "the firmware, with its application part (AT 2.26)",
    "+CPAS": "whether it is ready (AT 4.1)",
    "+QCFG": "the radio: scan sequence, bands, Cat M1 or NB1, roaming (AT 4.2)",
    "+IPR": "the speed of the line (AT 3.5)",
    "+ICF": "the form of a character on the line (AT 3.4)",
    "+IFC": "flow control: 2,2 is RTS and CTS, 0,0 none (AT 3.3)",
    "+QURCCFG": "the port that prints URCs (AT 2.25)",
    "+QINDCFG": "which URCs are printed (AT 4.3)",
    "+QSCLK": "whether the module may sleep (AT 11.5)",
    "+QPOWD": "switch off (AT 11.1)",
    "+QTEMP": "the temperatures (AT 11.6)",
    "+CIMI": "the IMSI of the SIM (AT 5.1)",
    "+QCCID": "the number of the SIM (AT 5.6)",
    "+CPIN": "whether the SIM is locked; unlock it (AT 5.3)",
    "+CLCK": "switch the PIN on or off (AT 5.2)",
    "+QPINC": "the attempts that are left for a PIN (AT 5.7)",
    "+QINISTAT": "whether the SIM is ready (AT 5.8)",
    "+QSIMDET": "notice a SIM that is put in (AT 5.9)",
    "+QSIMSTAT": "whether a SIM is in its holder (AT 5.10)",
    "+CREG": "registration for calls (AT 6.1)",
    "+CGREG": "registration for data over GSM (AT 9.8)",
    "+CEREG": "registration for data over LTE (AT 9.11)",
    "+COPS": "the operator; =? searches for all, for minutes (AT 6.2)",
    "+CSQ": "the strength of the signal (AT 6.3)",
    "+QCSQ": "the signal, with its quality (AT 6.18)",
    "+QNWINFO": "technology, operator, band and channel (AT 6.17)",
    "+QSPN": "the names of the operator (AT 6.19)",
    '+QENG="servingcell"': "the cell and its signal (in no manual)",
    "+CTZU": "whether the network sets the clock (AT 6.7)",
    "+CTZR": "URCs of the network's time (AT 6.15)",
    "+CCLK": "the clock (AT 11.2)",
    "+QLTS": "the network's time (AT 6.16)",
    "+CGATT": "attach to the packet domain (AT 9.1)",
    "+CGDCONT": "PDP contexts of 3GPP, with the APN (AT 9.2)",
    "+CGACT": "activate those (AT 9.5)",
    "+CGPADDR": "their addresses (AT 9.7)",
    "+CGEREP": "URCs of the packet domain (AT 9.9)",
    "+QGDCNT": "the bytes over the air (AT 9.12)",
    "+QICSGP": "the APN of a context, with user and password (TCP 2.1.1)",
    "+QIACT": "activate a context; ? shows its address (TCP 2.1.2)",
    "+QIDEACT": "deactivate a context (TCP 2.1.3)",
    "+QIDNSCFG": "the name servers (TCP 2.1.13)",
    "+QIDNSGIP": "the address of a host's name (TCP 2.1.14)",
    "+QIGETERROR": "why the last command of TCP or TLS failed (TCP 2.1.17)",
    "+QISTATE": "the sockets (TCP 2.1.6)",
    "+QICLOSE": "close a socket (TCP 2.1.5)",
    "+QPING": "ping a host (TCP 2.1.11)",
    "+QNTP": "the time of a server (TCP 2.1.12)",
    "+QSSLCFG": "the settings of TLS (SSL 2.1.1)",
    "+QHTTPCFG": "the settings of the HTTP client (HTTP 2.1)",
    "+QHTTPSTOP": "end a request (not in HTTP V1.0)",
    "+QFLDS": "the free space for files (FILE 2.1)",
    "+QFLST": "the files (FILE 2.2)",
    "+QFDEL": "delete files (FILE 2.3)",
}


def completions(word: str) -> list[str]:
    """Return the commands that begin with `word`, as they are typed.

    :param word: the first command of a line, with ``AT``, or one after a semicolon.
    """
    typed = word.upper()
    first = "" if typed.startswith(("+", "&")) else "AT"
    return [first + name for name in COMMANDS if (first + name).startswith(typed)]


def matching(text: str) -> list[tuple[str, str]]:
    """Return the commands with `text` in their name or meaning, with the meaning."""
    wanted = text.strip().lower().removeprefix("at+")
    return [
        (f"AT{name}", meaning)
        for name, meaning in COMMANDS.items()
        if wanted in f"{name} {meaning}".lower()
    ]


def complete(readline: types.ModuleType) -> None:
    """Let the tabulator key complete commands.

    :param readline: the module of that name.
    """

    def completer(word: str, place: int) -> str | None:
        found = completions(word)
        return found[place] if place < len(found) else None

    readline.set_completer(completer)
    # A line may have several commands.
    readline.set_completer_delims("; ")
    # macOS has another library under the same name.
    other = "libedit" in (readline.__doc__ or "")
    readline.parse_and_bind("bind ^I rl_complete" if other else "tab: complete")
