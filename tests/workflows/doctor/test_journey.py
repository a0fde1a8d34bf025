"""The test event: harmless for every contract, and followed stage by stage. (Its whole way: tests/e2e.)"""

from __future__ import annotations

import json
from typing import Any

import pytest

from expectations.contract import NO_LIMITS, Column, Contract, Limits
from expectations.odcs import load_contracts
from lambdas.source.events import ValidMessage
from lambdas.source.messages import Reader
from lambdas.validation import Validators
from workflows.deploy.findings import Verdict
from workflows.doctor import journey as module
from workflows.doctor.journey import NoTestEvent, TestEvent, journey, make_event
from workflows.stack.target import Target


def contract(kind: str, sequence: str | None = None, limits: Limits = NO_LIMITS) -> Contract:
    key = Column("id", kind, required=True, limits=limits)
    more = (Column("seq", sequence, required=True),) if sequence else ()
    return Contract("things", "1.0.0", "", (key, *more), ("id",), sequence_column="seq" if sequence else None)


@pytest.mark.parametrize("kind", ["string", "int", "long"])
@pytest.mark.parametrize("sequence", [None, "long", "timestamp"])
def test_an_event_can_be_made_for_a_key_of_each_kind(kind: str, sequence: str | None) -> None:
    event = make_event({"things": contract(kind, sequence)})

    assert event.dataset == "things"
    assert event.key


@pytest.mark.parametrize("kind", ["decimal(4,2)", "date", "timestamp", "boolean"])
def test_a_key_that_may_well_be_in_use_is_not_made_up(kind: str) -> None:
    with pytest.raises(NoTestEvent):
        make_event({"things": contract(kind)})


def test_a_key_that_is_in_use_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_is_stored", lambda *_: True)
    local = Target("us-east-1", {}, "http://127.0.0.1:1")

    [finding] = journey(local, make_event({"things": contract("string")}), lambda line: None)

    assert finding.verdict is Verdict.UNKNOWN


def test_the_event_is_a_delete_of_long_ago_that_the_queue_takes() -> None:
    contracts = load_contracts()
    event = make_event(contracts)
    sent = json.loads(event.body())

    [judged] = Reader(contracts, Validators(contracts)).read("1", event.body())

    assert isinstance(judged, ValidMessage)
    assert sent["type"] == f"{event.dataset}.delete"
    assert sent["time"] == "2000-01-01T00:00:00Z"


def test_two_events_have_two_keys() -> None:
    contracts = load_contracts()

    assert make_event(contracts).key != make_event(contracts).key


def test_a_dataset_without_a_sequence_column_is_preferred() -> None:
    ordered, plain = contract("string", "long"), contract("string")
    named = {"a": ordered, "z": Contract(**{**_fields(plain), "dataset": "z"})}

    assert make_event(named).dataset == "z"


def test_a_contract_that_allows_only_certain_keys_has_no_test_event() -> None:
    with pytest.raises(NoTestEvent, match="got things: their contracts allow only certain keys"):
        make_event({"things": contract("string", limits=Limits(max_length=3))})


def _fields(one: Contract) -> dict[str, Any]:
    return {name: getattr(one, name) for name in Contract.__slots__}


@pytest.mark.parametrize("arrives", [0, 1, 2, 3])
def test_the_first_stage_that_fails_is_named_and_the_later_ones_are_not_checked(
    monkeypatch: pytest.MonkeyPatch, arrives: int
) -> None:
    local = Target("us-east-1", {"DeadLetterQueueUrl": "q"}, "http://127.0.0.1:1")
    sent: list[Any] = []
    monkeypatch.setattr(module, "depth", lambda *_: 0)
    monkeypatch.setattr(module, "send", lambda _, bodies: sent.extend(bodies))
    looks = iter([False, arrives > 0])
    monkeypatch.setattr(module, "_is_stored", lambda *_: next(looks, arrives > 0))
    monkeypatch.setattr(module, "_has_landed", lambda *_: arrives > 1)
    monkeypatch.setattr(module, "_is_queryable", lambda *_: arrives > 2)
    for patience in ("_SECONDS_TO_DYNAMODB", "_SECONDS_TO_RAW"):
        monkeypatch.setattr(module, patience, 0.01)
    monkeypatch.setattr(module, "patience_seconds", lambda _: 0.01)
    monkeypatch.setattr(module, "poll_seconds", lambda _: 0.01)
    event: TestEvent = make_event({"things": contract("string")})

    found = [one.verdict for one in journey(local, event, lambda line: None)]

    bad = [] if arrives == 3 else [Verdict.WRONG, *[Verdict.UNKNOWN] * (2 - arrives)]
    assert found == [Verdict.FINE] * arrives + bad
    assert len(sent) == 1
