"""Dialogues with the module, step by step, without a port."""

from __future__ import annotations

from typing import Any

import pytest

from requests_bg96.at.steps import Ask, Await, Command, Pause, Reply, Speed
from requests_bg96.base.knowledge import Checked, Knowledge, PinTry, Rates, Told
from requests_bg96.dialogues import connect, receive, setup
from requests_bg96.dialogues.request import Request, whole_seconds
from requests_bg96.errors import (
    ModuleError,
    ModuleRestarted,
    NoAnswer,
    Phase,
    SetupError,
    StrayAnswer,
    TransferError,
)
from requests_bg96.http_client import deliver
from requests_bg96.settings import Settings
from tests.support import Answer, play, shown

Script = list[tuple[str, Answer]]

CHECK = "AT+CMEE=1;+QHTTPCFG?;+QIACT?"
CONFIGURED = (
    '+QHTTPCFG: "contextid",1|+QHTTPCFG: "requestheader",1|'
    '+QHTTPCFG: "responseheader",1|+QHTTPCFG: "sslctxid",1|+QHTTPCFG: "contenttype",0'
)
UNCONFIGURED = CONFIGURED.replace('header",1', 'header",0')
ACTIVE = '+QIACT: 1,1,1,"10.7.157.1"'
REGISTRATION = "AT+CREG?;+CGREG?;+CEREG?"
REGISTERED = "+CREG: 0,1|+CGREG: 0,1|+CEREG: 0,1|OK"
SEARCHING = "+CREG: 0,2|+CGREG: 0,0|+CEREG: 0,2|OK"
#: Bytes that were written can be read.
SET = ("AT+QHTTPCFG?", f"{CONFIGURED}|OK")
LATE = NoAnswer("the module gave no answer within 0.6 s")
#: The question whether the module listens, and its answers.
LISTENS = ("Ask", "yes")
DEAF = ("Ask", None)

READY = (CHECK, f"{CONFIGURED}|{ACTIVE}|OK")
ATTACHED: Script = [
    ("AT+CPIN?", "+CPIN: READY|OK"),
    (REGISTRATION, REGISTERED),
    ("AT+QIACT=1", "OK"),
]
URL = b"http://example.org/path"
GET = Request("GET", URL, b"GET /path HTTP/1.1\r\n\r\n", False)
SET_URL = (f"AT+QHTTPURL={len(URL)},10 <{len(URL)}>", "sent|OK")
SEND = f"AT+QHTTPGET=60,{len(GET.data)},11 <{len(GET.data)}>"


def prepare(
    *script: tuple[str, Answer], known: Knowledge | None = None, **settings: Any
) -> Knowledge:
    """Set up a module, and return the knowledge about it."""
    known = known or Knowledge()
    play(setup.prepare(Settings(**settings), known), *script)
    assert known.checked.settings and known.told.context
    return known


def refused(
    *script: tuple[str, Answer], known: Knowledge | None = None, **settings: Any
) -> SetupError:
    """Fail to set up a module, and return the error."""
    with pytest.raises(SetupError) as caught:
        prepare(*script, known=known, **settings)
    return caught.value


# Finding a module


def test_a_module_that_answers() -> None:
    """It has shown that it listens, and no more is sent."""
    play(
        connect.find_module(Settings(), Rates()),
        ("Speed", None),
        LISTENS,
        ("Pause", None),
    )


def test_a_first_line_that_is_lost() -> None:
    """Bytes of another program in the line's buffer may spoil the first attempt."""
    script = [("Speed", None), DEAF, ("Speed", None), LISTENS, ("Pause", None)]
    play(connect.find_module(Settings(), Rates()), *script)


def test_a_payload_that_goes_on() -> None:
    """Only then, data mode is left."""
    play(
        connect.find_module(Settings(), Rates()),
        *[("Speed", None), DEAF] * 2,
        *[("Speed", None), ("Escape", None)],
        *[("Speed", None), LISTENS, ("Pause", None)],
    )


def speeds(settings: Settings, answers_at: int) -> list[int]:
    """The speeds that are tried until a module at this speed answers."""
    tried: list[int] = []
    rates = Rates()
    dialogue = connect.find_module(settings, rates)
    step = next(dialogue)
    try:
        while True:
            if isinstance(step, Speed):
                tried.append(step.baudrate)
            listens = isinstance(step, Ask) and tried[-1] == answers_at
            step = dialogue.send(listens)
    except StopIteration:
        assert rates.found == answers_at
        return tried


def test_data_mode_is_left_before_other_speeds_are_tried() -> None:
    """A crashed program is more likely than a slower module."""
    play(
        connect.find_module(Settings(), Rates()),
        *[("Speed", None), DEAF] * 2,
        *[("Speed", None), ("Escape", None), ("Speed", None), LISTENS, ("Pause", None)],
    )


@pytest.mark.parametrize(
    "rate", [9_600, 19_200, 38_400, 57_600, 115_200, 230_400, 460_800, 921_600]
)
def test_any_speed_is_found(rate: int) -> None:
    """Without a setting, the line uses the module's speed."""
    tried = speeds(Settings(), rate)
    assert tried[0] == 115_200 and tried[-1] == rate


def test_a_port_where_speed_means_nothing() -> None:
    """A module that did not answer for a while answers at any speed."""
    play(
        connect.find_module(Settings(), Rates()),
        *[("Speed", None), DEAF] * 2,
        *[("Speed", None), ("Escape", None)],
        *[("Speed", None), DEAF] * 2,
        *[("Speed", None), LISTENS, ("Pause", None)],
        *[("Speed", None), LISTENS],
    )
    assert speeds(Settings(), 19_200)[-2:] == [115_200, 19_200]


@pytest.mark.parametrize("rate", [115_200, 921_600])
def test_the_likely_speeds_come_first(rate: int) -> None:
    """A module that has started has the factory's; an earlier program set another."""
    assert speeds(Settings(baudrate=921_600), rate)[-1] == rate
    assert len(speeds(Settings(baudrate=921_600), rate)) <= 2


def test_nothing_answers() -> None:
    """The error says what to check, after a limited number of steps."""
    dialogue = connect.find_module(Settings(), Rates())
    steps = 0
    with pytest.raises(SetupError, match="nothing answers AT.*module's AT port"):
        next(dialogue)
        while steps < 200:
            steps += 1
            dialogue.send(None)
    assert steps < 60


# Resynchronising a module


def test_resynchronising() -> None:
    """The module shows that it listens."""
    play(connect.resynchronise(False, None, 0.0, Rates()), LISTENS, ("Pause", None))


def test_resynchronising_in_data_mode() -> None:
    """Data mode is left first: there, commands are payload."""
    play(
        connect.resynchronise(True, None, 0.0, Rates()),
        *[("Escape", None), DEAF, LISTENS, ("Pause", None)],
    )


def test_a_late_answer_is_waited_for() -> None:
    """The answer to a command that timed out, for as long as it may take."""
    command = Command("+QIACT=1", timeout=150.0)
    dialogue = connect.resynchronise(False, command, 140.0, Rates())
    step = next(dialogue)
    assert (step.command, step.timeout) == (command, 140.0)  # type: ignore[union-attr]
    assert shown(dialogue.send(Reply(b"OK"))) == "Ask"


def test_a_late_connect_leads_to_data_mode() -> None:
    """Data mode is left, because nobody wants the payload."""
    command = Command("+QHTTPGET=60,20,60", payload=b"x" * 20)
    play(
        connect.resynchronise(False, command, 100.0, Rates()),
        *[("AwaitLateAnswer", "CONNECT"), ("Escape", None), LISTENS, ("Pause", None)],
    )


@pytest.mark.parametrize("answer", ["+QHTTPGET: 702", LATE])
def test_a_late_urc_is_dropped(answer: Answer) -> None:
    """Whether it comes or not."""
    awaited = Await(b"+QHTTPGET:", 60.0)
    play(
        connect.resynchronise(False, awaited, 30.0, Rates()),
        *[("Await", answer), LISTENS, ("Pause", None)],
    )


def test_a_module_that_does_not_come_back() -> None:
    """A limited number of attempts, and an error that says so."""
    attempt: Script = [DEAF, DEAF, ("Escape", None)]
    with pytest.raises(SetupError, match="no longer answers"):
        play(connect.resynchronise(False, None, 0.0, Rates()), *attempt * 3)


# Setting up a module


def test_a_module_that_is_ready() -> None:
    """One line asks, and nothing is written."""
    prepare(READY)


def test_what_is_known_is_not_asked() -> None:
    """Nothing is sent."""
    prepare(known=Knowledge(checked=Checked(settings=True), told=Told(context=True)))


def test_a_fresh_module() -> None:
    """Wrong settings are written in one line, and the context is activated."""
    prepare(
        (CHECK, f"{UNCONFIGURED}|OK"),
        ('AT+QHTTPCFG="requestheader",1;+QHTTPCFG="responseheader",1', "OK"),
        SET,
        *ATTACHED,
    )


def test_settings_that_noise_has_changed() -> None:
    """OK means that a setting was understood, but not which one."""
    other = CONFIGURED.replace('"requestheader",1', '"requestheader",0')
    prepare(
        (CHECK, f"{UNCONFIGURED}|{ACTIVE}|OK"),
        ('AT+QHTTPCFG="requestheader",1;+QHTTPCFG="responseheader",1', "OK"),
        ("AT+QHTTPCFG?", f"{other}|OK"),
        ('AT+QHTTPCFG="requestheader",1', "OK"),
    )


def test_only_what_is_wrong_is_written() -> None:
    """A value that is right is not written."""
    other = CONFIGURED.replace('"sslctxid",1', '"sslctxid",3')
    prepare((CHECK, f"{other}|{ACTIVE}|OK"), ('AT+QHTTPCFG="sslctxid",1', "OK"), SET)


def test_keys_that_are_not_known() -> None:
    """Later firmwares list more of them."""
    more = f'{CONFIGURED}|+QHTTPCFG: "prefix","64:FF9B:0:0:0:0:0:0",96'
    prepare((CHECK, f"{more}|{ACTIVE}|OK"))


def test_settings_that_are_gone_take_the_url_along() -> None:
    """The module has restarted, or another program has used it."""
    known = Knowledge(told=Told(context=True, url=URL))
    prepare(
        (CHECK, f"{UNCONFIGURED}|{ACTIVE}|OK"),
        ('AT+QHTTPCFG="requestheader",1;+QHTTPCFG="responseheader",1', "OK"),
        SET,
        known=known,
    )
    assert known.told.url is None


def test_another_context() -> None:
    """The PDP context and the SSL context can be chosen."""
    others = CONFIGURED.replace('id",1', 'id",2')
    lines = f'{others}|{ACTIVE}|+QIACT: 12,1,1,"10.0.0.2"'
    with pytest.raises(SetupError):
        # Context 12 is not context 2.
        prepare(
            (CHECK, f"{lines}|OK"),
            ("AT+CPIN?", "ERROR"),
            context_id=2,
            ssl_context_id=2,
        )
    lines = f'{others}|{ACTIVE}|+QIACT: 2,1,1,"10.0.0.2"'
    prepare((CHECK, f"{lines}|OK"), context_id=2, ssl_context_id=2)


def test_flow_control_is_set() -> None:
    """RTS and CTS, with all other settings."""
    prepare((f"{CHECK};+IFC=2,2", f"{CONFIGURED}|{ACTIVE}|OK"), rtscts=True)


APN: dict[str, Any] = {
    "apn": "iot.example",
    "username": "me",
    "password": "secret",
    "auth": 1,
}
WITH_APN = f"{CHECK};+QICSGP=1"
DEFINED = '+QICSGP: 1,"iot.example","me","secret",1'
DEFINE = 'AT+QICSGP=1,1,"iot.example","me","secret",1'


def test_an_apn_that_is_there() -> None:
    """It is not written again."""
    prepare((WITH_APN, f"{CONFIGURED}|{ACTIVE}|{DEFINED}|OK"), **APN)


@pytest.mark.parametrize(
    "found",
    [
        '+QICSGP: 1,"other","me","secret",1',
        '+QICSGP: 1,"iot.example","me","secret",0',
        '+QICSGP: 1,"iot.example","me","wrong",1',
        '+QICSGP: 2,"iot.example","me","secret",1',
        '+QICSGP: 1,"","","",0',
    ],
)
def test_an_apn_that_differs(found: str) -> None:
    """An active context is deactivated, defined and activated."""
    prepare(
        (WITH_APN, f"{CONFIGURED}|{ACTIVE}|{found}|OK"),
        *[("AT+QIDEACT=1", "OK"), (DEFINE, "OK")],
        *ATTACHED,
        **APN,
    )


def test_an_apn_before_activation() -> None:
    """A context that is not active is not deactivated."""
    prepare(
        (WITH_APN, f'{CONFIGURED}|+QICSGP: 1,"","","",0|OK'),
        *[(DEFINE, "OK")],
        *ATTACHED,
        **APN,
    )


def test_passwords_are_not_shown() -> None:
    """Neither the log nor an error shows them."""
    with pytest.raises(ModuleError) as caught:
        prepare(
            (WITH_APN, f'{CONFIGURED}|+QICSGP: 1,"","","",0|OK'),
            *[(DEFINE, "+CME ERROR: 3")],
            **APN,
        )
    assert "iot.example" in str(caught.value) and "secret" not in str(caught.value)
    assert "secret" not in (caught.value.command or "")


# Joined commands that are refused


def test_joined_commands_one_by_one() -> None:
    """If a module refuses several commands in a line, each is sent alone."""
    prepare(
        (CHECK, "ERROR"),
        ("AT+QHTTPCFG=?", '+QHTTPCFG: "contextid",(1-16)|OK'),
        ("AT+CMEE=1", "OK"),
        ("AT+QHTTPCFG?", f"{CONFIGURED}|OK"),
        ("AT+QIACT?", f"{ACTIVE}|OK"),
    )


def test_joined_settings_one_by_one() -> None:
    """The same for settings."""
    prepare(
        (CHECK, f"{UNCONFIGURED}|{ACTIVE}|OK"),
        (
            'AT+QHTTPCFG="requestheader",1;+QHTTPCFG="responseheader",1',
            "+CME ERROR: 730",
        ),
        ("AT+QHTTPCFG=?", '+QHTTPCFG: "contextid",(1-16)|OK'),
        ('AT+QHTTPCFG="requestheader",1', "OK"),
        ('AT+QHTTPCFG="responseheader",1', "OK"),
        SET,
    )


def test_not_a_module_with_these_commands() -> None:
    """The error has its name."""
    error = refused(
        (CHECK, "ERROR"),
        ("AT+QHTTPCFG=?", "ERROR"),
        ("ATI", "SIMCOM|SIM7000|Revision: 1351B02|OK"),
    )
    assert "this is SIMCOM SIM7000 Revision: 1351B02" in str(error)
    assert "does not know AT+QHTTPCFG; use a BG96, BG95 or BG77" in str(error)


def test_not_even_a_name() -> None:
    """A module that does not tell its name is refused, too."""
    error = refused((CHECK, "ERROR"), ("AT+QHTTPCFG=?", "ERROR"), ("ATI", "ERROR"))
    assert "a module without a name" in str(error)


def test_one_command_that_fails() -> None:
    """The error names the command and the number."""
    with pytest.raises(ModuleError) as caught:
        prepare(
            (CHECK, "+CME ERROR: 50"),
            ("AT+QHTTPCFG=?", "OK"),
            ("AT+CMEE=1", "+CME ERROR: 50"),
        )
    assert (caught.value.err, caught.value.command) == (50, "AT+CMEE=1")


@pytest.mark.parametrize(
    "script",
    [
        [(CHECK, "OK")],
        [(CHECK, f"{CONFIGURED}|OK"), ("AT+CPIN?", "OK")],
        [(CHECK, f"{CONFIGURED}|OK"), *ATTACHED[:1], (REGISTRATION, "OK")],
    ],
)
def test_a_question_that_is_answered_by_nothing(script: Script) -> None:
    """OK without an answer is late, and belongs to another command."""
    with pytest.raises(StrayAnswer):
        prepare(*script)


# SIM and PIN

IDLE = (CHECK, f"{CONFIGURED}|OK")
ASKS: Script = [IDLE, ("AT+CPIN?", "+CPIN: SIM PIN|OK")]
THREE_LEFT = ("AT+QPINC?", '+QPINC: "SC",3,10|+QPINC: "P2",3,10|OK')


def test_pin() -> None:
    """It is entered, and the SIM is asked until it is ready."""
    known = prepare(
        *ASKS,
        THREE_LEFT,
        ('AT+CPIN="1234"', "OK"),
        ("Pause", None),
        ("AT+CPIN?", "+CME ERROR: 14"),
        ("Pause", None),
        *ATTACHED,
        pin="1234",
    )
    assert known.pin is PinTry.NONE


def test_no_pin_given() -> None:
    """The error names the argument."""
    error = refused(*ASKS)
    assert "the SIM needs its PIN; pass pin=" in str(error)


def test_a_wrong_pin_is_tried_once() -> None:
    """It is never tried again on this module."""
    known = Knowledge()
    error = refused(
        *ASKS, THREE_LEFT, ('AT+CPIN="0000"', "+CME ERROR: 16"), known=known, pin="0000"
    )
    assert "refuses the PIN" in str(error) and error.err == 16
    assert "0000" not in str(error)
    known.forget()
    error = refused(*ASKS, THREE_LEFT, known=known, pin="0000")
    assert "not tried again" in str(error) and "0000" not in str(error)


@pytest.mark.parametrize("left", [2, 1, 0])
def test_a_pin_is_not_tried_with_attempts_spent(left: int) -> None:
    """Somebody has tried a wrong PIN. It may have been this one."""
    error = refused(*ASKS, ("AT+QPINC?", f'+QPINC: "SC",{left},10|OK'), pin="1234")
    assert f"{left} of 3 attempts" in str(error)


def test_a_pin_that_got_no_answer_counts_as_tried() -> None:
    """The module may have refused it."""
    known = Knowledge()
    with pytest.raises(NoAnswer):
        prepare(*ASKS, THREE_LEFT, ('AT+CPIN="1234"', LATE), known=known, pin="1234")
    assert known.pin is PinTry.IN_DOUBT


def test_a_pin_whose_answer_was_lost_was_right() -> None:
    """The SIM is ready. After a restart, the PIN may be entered again."""
    known = Knowledge(pin=PinTry.IN_DOUBT)
    prepare(IDLE, *ATTACHED, known=known, pin="1234")
    assert known.pin is PinTry.NONE


def test_a_pin_whose_answer_was_lost_was_wrong() -> None:
    """The SIM still asks for it, so it is not tried again."""
    known = Knowledge(pin=PinTry.IN_DOUBT)
    assert "refused a PIN" in str(refused(*ASKS, THREE_LEFT, known=known, pin="1234"))


def test_a_sim_that_is_too_busy_to_tell_its_attempts() -> None:
    """It is asked again, and no PIN is tried meanwhile."""
    busy = ("AT+QPINC?", "+CME ERROR: 14")
    prepare(
        *[*ASKS, busy, ("Pause", None), ASKS[1], THREE_LEFT],
        *[('AT+CPIN="1234"', "OK"), ("Pause", None), *ATTACHED],
        pin="1234",
    )


@pytest.mark.parametrize("left", [3, 2])
@pytest.mark.parametrize("form", ["SC,{},10", '"SC", {},10', '"SC",{}, 10'])
def test_attempts_in_other_forms(left: int, form: str) -> None:
    """They may have quotes and blanks."""
    tells = ("AT+QPINC?", f"+QPINC: {form.format(left)}|OK")
    if left == 2:
        assert "2 of 3" in str(refused(*ASKS, tells, pin="1234"))
    else:
        entered = [('AT+CPIN="1234"', "OK"), ("Pause", None), *ATTACHED]
        prepare(*ASKS, tells, *entered, pin="1234")


#: Answers without the number of attempts.
UNKNOWN = ["ERROR", "OK", "+QPINC: nonsense|OK", '+QPINC: "P2",3,10|OK']
MARK = "bg96pin.try"
LOOK = f'AT+QFLST="{MARK}"'
WRITE = f'AT+QFUPL="{MARK}",5,5,1 <5>'
THERE = f'+QFLST: "{MARK}",5|OK'
ABSENT = "+CME ERROR: 405"
WRITTEN: Script = [(LOOK, ABSENT), (WRITE, "sent|+QFUPL: 5,1111|OK"), (LOOK, THERE)]


@pytest.mark.parametrize("answer", UNKNOWN)
def test_attempts_that_cannot_be_asked(answer: str) -> None:
    """A file records that the PIN is tried, until it is known to be right."""
    known = prepare(
        *ASKS,
        ("AT+QPINC?", answer),
        *WRITTEN,
        ('AT+CPIN="1234"', "OK"),
        (f'AT+QFDEL="{MARK}"', "OK"),
        (LOOK, ABSENT),
        ("Pause", None),
        *ATTACHED,
        pin="1234",
    )
    assert known.pin is PinTry.NONE and not known.pin_written_down


@pytest.mark.parametrize("answer", UNKNOWN)
def test_a_pin_that_another_program_has_tried(answer: str) -> None:
    """The file exists. The error says what to do."""
    asks = [*ASKS, ("AT+QPINC?", answer)]
    for found in ([(LOOK, THERE)], [(LOOK, ABSENT), (WRITE, "+CME ERROR: 407")]):
        text = str(refused(*asks, *found, pin="1234"))
        assert "a PIN was tried before" in text and "1234" not in text
        assert f'BG96Modem.files.delete("{MARK}")' in text


@pytest.mark.parametrize(
    "script",
    [
        [(LOOK, "ERROR")],
        [(LOOK, ABSENT), (WRITE, "ERROR"), (LOOK, ABSENT)],
        [(LOOK, ABSENT), (WRITE, "sent|+QFUPL: 5,1111|OK"), (LOOK, "ERROR")],
        [(LOOK, ABSENT), (WRITE, "sent|+QFUPL: 5,1111|OK"), (LOOK, ABSENT)],
    ],
)
def test_a_try_that_cannot_be_written_down(script: Script) -> None:
    """There is no try."""
    asks = [*ASKS, ("AT+QPINC?", "ERROR")]
    assert "so the PIN is not tried" in str(refused(*asks, *script, pin="1234"))


def test_a_wrong_pin_stays_written_down() -> None:
    """The record is for the next program."""
    asks = [*ASKS, ("AT+QPINC?", "ERROR"), *WRITTEN]
    error = refused(*asks, ('AT+CPIN="0000"', "+CME ERROR: 16"), pin="0000")
    assert "refuses the PIN" in str(error) and MARK in str(error)


def test_what_is_written_down_is_deleted_as_soon_as_that_is_possible() -> None:
    """A failure to delete it has no other effect."""
    known = Knowledge(pin=PinTry.IN_DOUBT, pin_written_down=True)
    gone = (f'AT+QFDEL="{MARK}"', "ERROR")
    prepare(IDLE, ATTACHED[0], gone, *ATTACHED[1:], known=known, pin="1234")
    assert known.pin_written_down and known.pin is PinTry.IN_DOUBT


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("+CME ERROR: 10", "there is no SIM; insert one"),
        ("+CPIN: SIM PUK|OK", "the SIM needs SIM PUK; unlock it by hand"),
        ("+CPIN: PH-NET PIN|OK", "the SIM needs PH-NET PIN"),
        ("+CME ERROR: 15", "the SIM does not start"),
        ("ERROR", "the SIM does not start"),
    ],
)
def test_a_sim_that_cannot_be_used(answer: str, text: str) -> None:
    """The error comes at once."""
    error = refused(IDLE, ("AT+CPIN?", answer), pin="1234")
    assert text in str(error)
    assert "AT+CPIN?" in str(error)


def test_a_sim_that_stays_busy() -> None:
    """The attempt ends after 20 s."""
    error = refused(
        IDLE, *[("AT+CPIN?", "+CME ERROR: 14"), ("Pause", None)] * 20, pin="1234"
    )
    assert "the SIM does not start" in str(error) and error.err == 14


# Registration and PDP context


def test_registration_is_waited_for() -> None:
    """One second after the other."""
    prepare(
        IDLE,
        ("AT+CPIN?", "+CPIN: READY|OK"),
        *[(REGISTRATION, SEARCHING), ("Pause", None)] * 3,
        (REGISTRATION, "+CREG: 0,3|+CGREG: 0,0|+CEREG: 0,5|OK"),
        ("AT+QIACT=1", "OK"),
    )


def test_what_a_lack_of_registration_says() -> None:
    """The error after the time is over names all three states."""
    dialogue = setup.prepare(Settings(), Knowledge(checked=Checked(settings=True)))
    assert shown(next(dialogue)) == "AT+CPIN?"
    dialogue.send(Reply(b"OK", (b"+CPIN: READY",)))
    lines = (b"+CREG: 2,3", b'+CGREG: 2,2,"1A2B","01",8', b"+CEREG: 2", b"+CEREG: 2,9")
    pause = dialogue.send(Reply(b"OK", lines))
    assert isinstance(pause, Pause)
    text = str(pause.otherwise)
    assert "CREG 3 denied, CGREG 2 searching, CEREG 9" in text
    assert "antenna" in text


REFUSED: Script = [("AT+QIACT=1", "ERROR"), ("AT+QIDEACT=1", "OK")]


def test_a_context_that_was_dropped() -> None:
    """It is deactivated before it is activated again."""
    prepare(
        IDLE,
        *ATTACHED[:2],
        *REFUSED,
        ("AT+CGATT?", "+CGATT: 1|OK"),
        ("AT+QIACT=1", "OK"),
    )


def test_a_module_that_is_detached() -> None:
    """A context needs an attached module (HTTP manual 4.2)."""
    prepare(
        IDLE,
        *ATTACHED[:2],
        *REFUSED,
        ("AT+CGATT?", "+CGATT: 0|OK"),
        ("AT+CGATT=1", "OK"),
        ("AT+QIACT=1", "OK"),
    )


def test_a_module_that_does_not_say_whether_it_is_attached() -> None:
    """The context is tried nevertheless. If it fails, the error has the reason."""
    error = refused(
        IDLE,
        *ATTACHED[:2],
        *REFUSED,
        ("AT+CGATT?", "ERROR"),
        ("AT+QIACT=1", "ERROR"),
        ("AT+QIGETERROR", "+QIGETERROR: 561,open PDP context failed|OK"),
    )
    for part in ("PDP context 1", "own APN", "561,open PDP", "apn=", "AT+QIACT=1"):
        assert part in str(error)


# A request


def send(
    *script: tuple[str, Answer],
    known: Knowledge | None = None,
    request: Request = GET,
) -> Knowledge:
    """Send a request."""
    known = known or Knowledge(checked=Checked(settings=True), told=Told(context=True))
    play(deliver(request, 60.0, 115_200, Settings(), known), *script)
    return known


def test_send() -> None:
    """First the URL, then the request."""
    assert send(SET_URL, (SEND, "sent|OK")).told.url == URL


def test_the_same_url_again() -> None:
    """It is not set again."""
    known = Knowledge(checked=Checked(settings=True), told=Told(context=True, url=URL))
    send((SEND, "sent|OK"), known=known)
    known.told.url = URL + b"/other"
    send(SET_URL, (SEND, "sent|OK"), known=known)


def test_post() -> None:
    """The order of input time and response time is different there."""
    post = Request("POST", URL, b"POST /path HTTP/1.1\r\n\r\nbody", True)
    size = len(post.data)
    send(SET_URL, (f"AT+QHTTPPOST={size},11,60 <{size}>", "sent|OK"), request=post)


@pytest.mark.parametrize("err", [705, 712])
def test_a_module_that_lost_its_state(err: int) -> None:
    """It is set up again, once."""
    script: Script = [
        SET_URL,
        (SEND, f"+CME ERROR: {err}"),
        (CHECK, f"{UNCONFIGURED}|OK"),
        ('AT+QHTTPCFG="requestheader",1;+QHTTPCFG="responseheader",1', "OK"),
        SET,
        *ATTACHED,
        SET_URL,
    ]
    send(*script, (SEND, "sent|OK"))
    with pytest.raises(ModuleError) as caught:
        send(*script, (SEND, f"+CME ERROR: {err}"))
    assert caught.value.err == err


@pytest.mark.parametrize("err", [706, 707, 708, 709, 710])
def test_a_context_that_does_not_work(err: int) -> None:
    """It is deactivated and activated, once."""
    script: Script = [
        SET_URL,
        (SEND, f"+CME ERROR: {err}"),
        ("AT+QIDEACT=1", "OK"),
        *ATTACHED,
    ]
    send(*script, (SEND, "sent|OK"))
    with pytest.raises(ModuleError) as caught:
        send(*script, (SEND, f"+CME ERROR: {err}"))
    assert caught.value.err == err


@pytest.mark.parametrize("err", [703, 704])
def test_a_busy_module(err: int) -> None:
    """The request waits; an unread response of the module is read first."""
    send(
        SET_URL,
        (SEND, f"+CME ERROR: {err}"),
        *[("AT+QHTTPREAD=1", "CONNECT"), ("Escape", None), LISTENS, ("Pause", None)],
        (SEND, f"+CME ERROR: {err}"),
        *[("AT+QHTTPREAD=1", "+CME ERROR: 703"), LISTENS, ("Pause", None)],
        (SEND, f"+CME ERROR: {err}"),
        *[("AT+QHTTPREAD=1", "+CME ERROR: 703"), LISTENS, ("Pause", None)],
        (SEND, "sent|OK"),
    )


def test_a_busy_module_without_a_response() -> None:
    """There is nothing to read."""
    send(
        (f"AT+QHTTPURL={len(URL)},10 <{len(URL)}>", "+CME ERROR: 703"),
        *[("AT+QHTTPREAD=1", "+CME ERROR: 703"), LISTENS, ("Pause", None)],
        SET_URL,
        (SEND, "sent|OK"),
    )


def test_each_kind_is_repaired_once() -> None:
    """One repair does not count for another."""
    send(
        SET_URL,
        (SEND, "+CME ERROR: 709"),
        *[("AT+QIDEACT=1", "OK"), *ATTACHED],
        (SEND, "+CME ERROR: 712"),
        *[READY, SET_URL],
        (SEND, "sent|OK"),
    )


@pytest.mark.parametrize("answer", ["ERROR", "+CME ERROR: 711", "+CME ERROR: 730"])
def test_what_may_be_noise(answer: str) -> None:
    """All settings of the command are checked, and it is sent again, once."""
    script: Script = [SET_URL, (SEND, answer), READY, SET_URL]
    send(*script, (SEND, "sent|OK"))
    with pytest.raises(ModuleError):
        send(*script, (SEND, answer))


@pytest.mark.parametrize("err", [701, 702, 713, 716, 719, 729])
def test_what_cannot_be_repaired(err: int) -> None:
    """The error is raised unchanged."""
    with pytest.raises(ModuleError) as caught:
        send(SET_URL, (SEND, f"+CME ERROR: {err}"))
    assert (caught.value.err, caught.value.phase) == (err, Phase.CONNECT)
    assert (caught.value.command or "").startswith("AT+QHTTPGET")


def test_a_name_without_an_address() -> None:
    """The module has a name server, so the name is wrong."""
    servers = '+QIDNSCFG: 1,"10.0.0.1","10.0.0.2"|OK'
    with pytest.raises(ModuleError) as caught:
        send(SET_URL, (SEND, "+CME ERROR: 714"), ("AT+QIDNSCFG=1", servers))
    assert caught.value.err == 714


def test_a_context_without_a_name_server() -> None:
    """It is activated again, once (HTTP manual 4.3)."""
    none = '+QIDNSCFG: 1,"0.0.0.0","0.0.0.0"|OK'
    again = [("AT+QIDEACT=1", "OK"), *ATTACHED]
    failed = (SEND, "+CME ERROR: 714")
    asked = ("AT+QIDNSCFG=1", none)
    send(SET_URL, failed, asked, *again, (SEND, "sent|OK"))
    with pytest.raises(ModuleError):
        send(SET_URL, failed, asked, *again, failed)


@pytest.mark.parametrize("err", [703, 705, 709, 712, 717, 726])
def test_nothing_is_repeated_after_connect(err: int) -> None:
    """The server may have seen the request."""
    with pytest.raises(ModuleError) as caught:
        send(SET_URL, (SEND, f"sent|+CME ERROR: {err}"))
    assert (caught.value.err, caught.value.phase) == (err, Phase.SEND)


def test_a_url_that_was_not_taken_is_not_remembered() -> None:
    """After a refusal or an interruption."""
    for answer, kind in (
        ("+CME ERROR: 701", ModuleError),
        ("sent|+CME ERROR: 722", ModuleError),
        (LATE, NoAnswer),
    ):
        known = Knowledge(
            checked=Checked(settings=True),
            told=Told(context=True, url=b"http://other/"),
        )
        with pytest.raises(kind):
            send((SET_URL[0], answer), known=known)
        assert known.told.url is None


def test_a_restart_is_left_to_the_modem() -> None:
    """The dialogue cannot continue."""
    with pytest.raises(ModuleRestarted):
        send((SET_URL[0], ModuleRestarted("the module has restarted")))


@pytest.mark.parametrize(
    ("line", "status", "length"),
    [
        ("+QHTTPGET: 0,200,26", 200, 26),
        ("+QHTTPGET: 0,404", 404, None),
        ("+QHTTPGET: 0", None, None),
        ("+QHTTPGET:0,201,0", 201, 0),
        ("+QHTTPGET: 0,200,5,7", 200, 5),
    ],
)
def test_result(line: str, status: int | None, length: int | None) -> None:
    """It may have the optional fields."""
    found = play(receive.result(GET, 60.0, Knowledge()), ("Await", line))
    assert (found.status, found.length) == (status, length)


def test_result_of_failure() -> None:
    """The URC has the number."""
    with pytest.raises(ModuleError) as caught:
        play(receive.result(GET, 60.0, Knowledge()), ("Await", "+QHTTPGET: 702"))
    assert (caught.value.err, caught.value.phase) == (702, Phase.WAIT)
    assert caught.value.command == "AT+QHTTPGET"


@pytest.mark.parametrize("line", ["+QHTTPGET:", "+QHTTPGET: x", "+QHTTPGET: 0,,"])
def test_result_of_noise(line: str) -> None:
    """The error shows what is not a number."""
    with pytest.raises(TransferError, match="QHTTPGET"):
        play(receive.result(GET, 60.0, Knowledge()), ("Await", line))


def test_read() -> None:
    """A busy module is asked again. Everything else is an error."""
    play(
        receive.read(59.5),
        ("AT+QHTTPREAD=60", "+CME ERROR: 704"),
        LISTENS,
        ("Pause", None),
        ("AT+QHTTPREAD=60", "CONNECT"),
    )
    with pytest.raises(ModuleError):
        play(receive.read(60.0), ("AT+QHTTPREAD=60", "+CME ERROR: 705"), LISTENS)


def test_an_error_that_may_be_a_line_of_the_response() -> None:
    """Nothing more is sent to a module that has not shown that it listens."""
    with pytest.raises(ModuleError):
        play(receive.read(60.0), ("AT+QHTTPREAD=60", "+CME ERROR: 703"), DEAF)


def test_read_by_a_command_that_noise_has_changed() -> None:
    """The module keeps the response for a second command, but there is no third."""
    refused: Script = [("AT+QHTTPREAD=60", "+CME ERROR: 730"), LISTENS, ("Pause", None)]
    play(receive.read(60.0), *refused, ("AT+QHTTPREAD=60", "CONNECT"))
    with pytest.raises(ModuleError):
        play(receive.read(60.0), *refused, ("AT+QHTTPREAD=60", "ERROR"), LISTENS)


@pytest.mark.parametrize(
    ("seconds", "whole"),
    [(0.0, 1), (0.01, 1), (1.0, 1), (1.01, 2), (59.9, 60), (1e9, 65_535)],
)
def test_whole_seconds(seconds: float, whole: int) -> None:
    """Rounded up, within the module's range."""
    assert whole_seconds(seconds) == whole


@pytest.mark.parametrize(
    ("size", "baudrate", "rtscts", "seconds"),
    [
        (20, 115_200, False, 11),
        (1_024_000, 115_200, False, 188),
        (1_024_000, 9_600, False, 2_144),
        (1_024_000, 115_200, True, 700),
    ],
)
def test_input_time(size: int, baudrate: int, rtscts: bool, seconds: int) -> None:
    """Twice the line's time and ten seconds; with flow control, the network's time."""
    request = Request("POST", URL, b"x" * size, True)
    command = request.command(60.0, baudrate, rtscts=rtscts)
    assert command.text == f"+QHTTPPOST={size},{seconds},60"
    assert command.payload_timeout == seconds + 1
    assert command.timeout > 125


def test_registration() -> None:
    """A URC with the same name has no <n>, and is not an answer."""
    found = play(
        setup.registration(),
        (REGISTRATION, '+CREG: 2|+CREG: 0,5|+CEREG: 5,"1A2B","01A2D3F",8|OK'),
    )
    assert found == {"CREG": "5"}
