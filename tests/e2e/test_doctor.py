"""`glueline doctor` on the running stack: nothing is wrong, and a test event arrives without a row."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from expectations.odcs import load_contracts
from tests.e2e.conftest import glueline
from workflows.doctor.journey import journey, make_event
from workflows.query.sql import query, rows

if TYPE_CHECKING:
    from workflows.stack.target import Target


def test_every_check_is_made_and_a_test_event_arrives(target: Target) -> None:
    answered = glueline("doctor", "--event", "--json")

    found = [(one["verdict"], one["subject"], one["message"]) for one in json.loads(answered.stdout)]
    subjects = [subject for _, subject, _ in found]
    journeys = [verdict for verdict, subject, _ in found if subject == "test event"]
    assert {"stack", "code", "alerts", "API", "query", "dead letters", "jobs", "alarms"} <= set(subjects)
    assert journeys == ["fine", "fine", "fine"], answered.stdout
    assert "not checked" not in {verdict for verdict, *_ in found}, answered.stdout


def test_a_test_event_leaves_no_row(target: Target) -> None:
    event = make_event(load_contracts())

    arrived = list(journey(target, event, lambda line: None))

    [key] = event.contract.key
    found = query(target, f"select count(*) as n from {event.dataset} where {key} = {event.data[key]}")
    [count] = rows(found)
    assert [str(one.verdict) for one in arrived] == ["fine"] * 3
    assert count["n"] == 0
