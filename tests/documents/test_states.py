"""The page and the pictures of the states match the tables."""

from __future__ import annotations

import xml.etree.ElementTree as xml

import pytest

from requests_bg96.at.state import State
from requests_bg96.response.receiver import ResponseState
from tests.documents.draw_states import DOCS, EVERYWHERE, LINE, RESPONSE, drawn
from tests.transitions import LINE as LINE_TABLE
from tests.transitions import RESPONSE as RESPONSE_TABLE

PICTURES = [name for name in drawn() if name.endswith(".svg")]


@pytest.mark.parametrize("name", drawn())
def test_what_is_drawn(name: str) -> None:
    """``python -m tests.documents.draw_states`` makes the same files."""
    assert (DOCS / name).read_text(encoding="utf-8") == drawn()[name]


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture(name: str) -> None:
    """It is well-formed, and the page shows it."""
    assert xml.fromstring(drawn()[name]).tag.endswith("svg")
    assert f".. image:: {name}\n" in drawn()["states.rst"]


def test_every_state_and_transition_is_in_it() -> None:
    """An arrow stands for all events from one state to another."""
    assert {*LINE} == {*State} and {*RESPONSE} == {*ResponseState}
    shown = "".join(drawn()[name] for name in PICTURES)
    events = [event for _, event in LINE_TABLE if event not in EVERYWHERE]
    labels = shown.count('fill="#036"') + shown.count(" / ")
    assert labels == len(events)
    arrows = drawn()["response-states.svg"].count("marker-end")
    assert arrows == len(RESPONSE_TABLE)
