"""`glueline doctor` on the running stack: nothing is wrong, and a test event arrives without a row."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from expectations.odcs import load_contracts
from expectations.timestamps import micros_of
from tests.e2e.conftest import glueline
from workflows.doctor.journey import HAPPENED, make_event
from workflows.query.sql import query, rows

if TYPE_CHECKING:
    import subprocess

    from workflows.stack.target import Target


@pytest.fixture(scope="module")
def answered(target: Target) -> subprocess.CompletedProcess[str]:
    return glueline("doctor", "--event", "--json")


def test_every_check_is_made_and_a_test_event_arrives(answered: subprocess.CompletedProcess[str]) -> None:
    found = [(one["verdict"], one["subject"], one["message"]) for one in json.loads(answered.stdout)]
    subjects = [subject for _, subject, _ in found]
    journeys = [verdict for verdict, subject, _ in found if subject == "test event"]
    assert {"stack", "code", "alerts", "API", "query", "dead letters", "jobs", "alarms"} <= set(subjects)
    assert journeys == ["fine", "fine", "fine"], answered.stdout
    assert "not checked" not in {verdict for verdict, *_ in found}, answered.stdout


@pytest.mark.usefixtures("answered")
def test_a_test_event_leaves_no_row(target: Target) -> None:
    contract = make_event(load_contracts()).contract

    [key] = contract.key
    [count] = rows(
        query(
            target,
            f"select count(*) as n, count(c.{key}) as kept "
            f"from {contract.dataset}_changes e left join {contract.dataset} c on c.{key} = e.{key} "
            f"where e._op = 'delete' and e._version = {micros_of(datetime.fromisoformat(HAPPENED))}",
        )
    )
    assert count["n"] > 0
    assert count["kept"] == 0
