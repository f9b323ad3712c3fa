"""The pages that come from the code are what the code makes now, and complete."""

from __future__ import annotations

import inspect
import re
import xml.etree.ElementTree as xml

import pytest
import requests

from requests_bg96 import errors
from requests_bg96.emulator import NetworkFailure, Silence, TlsFailure
from requests_bg96.errors import CME_MEANING, HTTP_MEANING, BG96Error
from requests_bg96.transport.outcomes import Outcome
from tests.documents.symptoms import SYMPTOMS, Symptom
from tests.documents.write_errors import ADVICE, AFTER, BEFORE, CLASS_ADVICE, CME_ADVICE
from tests.documents.write_pages import DOCS, FILES
from tests.documents.write_request import recorded
from tests.documents.write_symptoms import produced
from tests.support import rig

NUMBER = re.compile(r"\d+")
PICTURES = [name for name in FILES if name.endswith(".svg")]


@pytest.mark.parametrize("name", FILES)
def test_what_is_written(name: str) -> None:
    """``python -m tests.documents.write_pages`` makes the same files."""
    found = (DOCS / name).read_text(encoding="utf-8"), FILES[name]()
    if name == "demo.svg":
        # Its lengths depend on a free port and on the version of requests.
        found = NUMBER.sub("0", found[0]), NUMBER.sub("0", found[1])
    assert found[0] == found[1]


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture(name: str) -> None:
    """It is well-formed, and takes nothing from elsewhere."""
    text = FILES[name]()
    assert xml.fromstring(text).tag.endswith("svg")
    assert "url(http" not in text and "href" not in text


def test_there_is_advice_for_every_error() -> None:
    """There is no other advice."""
    assert ADVICE.keys() == HTTP_MEANING.keys()
    assert CME_ADVICE.keys() == CME_MEANING.keys()
    kinds = {name: getattr(errors, name) for name in errors.__all__}
    assert {*CLASS_ADVICE, "BG96Error"} == {
        name
        for name, kind in kinds.items()
        if inspect.isclass(kind) and issubclass(kind, BG96Error)
    }
    assert {*BEFORE} | {*AFTER} == {*Outcome}


class Number(NetworkFailure):
    """A connection that fails with a number."""

    def __init__(self, error: int) -> None:
        super().__init__(error)
        self.error = error


@pytest.mark.parametrize(
    ("failure", "outcome"),
    [
        (Number(716), Outcome.REFUSED),
        (Number(714), Outcome.UNRESOLVED),
        (Number(702), Outcome.CONNECT_TIMEOUT),
        (Number(730), Outcome.OURS),
    ],
)
def test_the_classes_before_connect(failure: NetworkFailure, outcome: Outcome) -> None:
    """They are as the page has them."""
    with rig() as made:
        made.servers.failures = [failure] * 100
        with pytest.raises(requests.RequestException) as caught:
            made.get(timeout=20)
    assert type(caught.value).__name__ == BEFORE[outcome]


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_the_class_of_a_handshake() -> None:
    with rig() as made:
        made.servers.failures = [TlsFailure()]
        with pytest.raises(requests.RequestException) as caught:
            made.session.get("https://server.example/", verify=False)
    assert type(caught.value).__name__ == BEFORE[Outcome.INSECURE]


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [([Silence()], Outcome.READ_TIMEOUT), ([], Outcome.BROKEN)],
)
def test_the_classes_after_connect(answer: list[Silence], outcome: Outcome) -> None:
    with rig(answer) as made, pytest.raises(requests.RequestException) as caught:
        made.get(timeout=20)
    assert type(caught.value).__name__ == AFTER[outcome]


@pytest.mark.parametrize("symptom", SYMPTOMS, ids=lambda one: str(one.title))
def test_a_symptom_shows(symptom: Symptom) -> None:
    """Each one is in the log, or in an exception."""
    assert produced(symptom)


def test_the_recorded_request() -> None:
    """It has every phase, in order, and its URL was set again."""
    lines = recorded()
    phases = [line.phase for line in lines]
    assert phases == sorted(phases, key=[*errors.Phase].index)
    assert {*phases} == {*errors.Phase}
    assert any(line.text.startswith("> AT+QHTTPURL=") for line in lines)
