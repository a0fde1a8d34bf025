import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.contract import Column, Limits
from lambdas.exact_json import dumps, loads
from lambdas.source.messages import DeadLetter, Reader, ValidMessage
from lambdas.validation import Validators
from tests.builders import contracts, product, transaction

READER = Reader(contracts(), Validators(contracts()))


def event(data: Any = None, **changed: Any) -> dict[str, Any]:
    envelope = {
        "specversion": "1.0",
        "id": "event-1",
        "source": "till/330",
        "type": "transactions.upsert",
        "time": "2017-01-01T11:53:27Z",
        "data": transaction() if data is None else data,
        **changed,
    }
    return {name: value for name, value in envelope.items() if value is not ...}


def read(message: Any) -> ValidMessage | DeadLetter:
    return READER.read("message-1", message if isinstance(message, str) else dumps(message))


def refusal(message: Any) -> tuple[str, list[tuple[str, str]]]:
    dead_letter = read(message)
    assert isinstance(dead_letter, DeadLetter)
    return dead_letter.reason, sorted(
        (violation.path, violation.rule) for violation in dead_letter.violations
    )


def test_a_valid_message_becomes_a_change_for_the_api(event_named: Callable[[str], Any]) -> None:
    body = event_named("sqs")["Records"][0]["body"]

    found = read(body)

    assert isinstance(found, ValidMessage)
    assert loads(found.change) == {
        "dataset": "transactions",
        "op": "upsert",
        "event_id": "7b0f6b1e-5f7e-4e55-9f3a-1f2f2f0a5c11",
        "time": "2017-01-01T11:53:27Z",
        "data": transaction(),
    }
    assert {"name", "number", "timestamp", "default"} == {one.rule for one in found.adjustments}


SENT = 1_795_515_330_183  # milliseconds: 2026-11-24T10:15:30.183Z


@pytest.mark.parametrize(
    ("given", "sent", "time"),
    [
        ("2017-01-01T12:53:27.5+01:00", SENT, "2017-01-01T11:53:27.500000Z"),
        ("2017-01-01T11:53:27Z", None, "2017-01-01T11:53:27Z"),
        (..., SENT, "2026-11-24T10:15:30.183000Z"),
        ("2026-11-24T10:15:31Z", SENT, "2026-11-24T10:15:30.183000Z"),
        ("9999-12-31T23:59:59.999999Z", SENT, "2026-11-24T10:15:30.183000Z"),
        (..., None, None),
    ],
    ids=[
        "its time",
        "its time, unknown when sent",
        "the time of sending",
        "a time ahead of sending",
        "a time far ahead of sending",
        "nothing known",
    ],
)
def test_a_change_happened_at_the_time_of_its_event_but_not_after_sending(
    given: Any, sent: int | None, time: str | None
) -> None:
    found = READER.read("message-1", dumps(event(time=given)), sent)

    assert isinstance(found, ValidMessage)
    assert loads(found.change).get("time") == time


def test_a_delete_needs_only_its_key_and_version() -> None:
    data = {"basket_id": 1, "product_id": 2, "updated_at": "2017-01-02T00:00:00Z"}

    found = read(event(data, type="transactions.delete"))

    assert isinstance(found, ValidMessage)
    assert loads(found.change)["data"] == data


def test_all_digits_are_kept() -> None:
    found = read(dumps(event(transaction(sales_value=Decimal("12345678.90")))))

    assert isinstance(found, ValidMessage)
    assert '"sales_value":12345678.90' in found.change


@pytest.mark.parametrize(
    "body", ["", "not json", "{", '{"a": NaN}', "[" * 100_000, '{"id": "\\ud800"}', "1e99999999999999999999"]
)
def test_a_body_that_is_not_json_is_a_dead_letter(body: str) -> None:
    assert refusal(body) == ("broken-json", [("", "json")])


@pytest.mark.parametrize("body", ["[]", "7", '"text"', "null"])
def test_json_that_is_not_an_object_is_a_dead_letter(body: str) -> None:
    assert refusal(body) == ("wrong-envelope", [("", "type")])


@pytest.mark.parametrize(
    ("changed", "path"),
    [
        ({"specversion": "0.3"}, "/specversion"),
        ({"specversion": ...}, "/specversion"),
        ({"id": ""}, "/id"),
        ({"id": 7}, "/id"),
        ({"id": ["event-1"]}, "/id"),
        ({"source": ...}, "/source"),
        ({"type": "transactions"}, "/type"),
        ({"type": "transactions.replace"}, "/type"),
        ({"type": ".upsert"}, "/type"),
        ({"type": None}, "/type"),
        ({"data": []}, "/data"),
        ({"data": ..., "data_base64": "e30="}, "/data"),
        ({"time": "yesterday"}, "/time"),
        ({"time": None}, "/time"),
        ({"datacontenttype": "text/csv"}, "/datacontenttype"),
    ],
)
def test_an_envelope_that_is_not_a_cloudevent_is_a_dead_letter_with_the_place(
    changed: dict[str, Any], path: str
) -> None:
    assert refusal(event(**changed)) == ("wrong-envelope", [(path, "envelope")])


def test_an_envelope_may_be_nested_to_any_depth() -> None:
    deep = dumps(event(id=0)).replace('"id":0', '"id":' + "[" * 1500 + "]" * 1500)

    assert refusal(deep) == ("wrong-envelope", [("/id", "envelope")])


def test_all_violations_are_reported_at_once() -> None:
    message = event(transaction(quantity=-1, colour="red"), id=..., specversion="0.3")

    assert refusal(message) == (
        "wrong-envelope",
        [
            ("/data/colour", "additionalProperties"),
            ("/data/quantity", "minimum"),
            ("/id", "envelope"),
            ("/specversion", "envelope"),
        ],
    )


def test_a_dataset_without_contract_is_unknown() -> None:
    assert refusal(event(type="weather.upsert")) == ("unknown-dataset", [("/type", "dataset")])
    assert refusal(event(type="com.example.weather.upsert", id="")) == (
        "wrong-envelope",
        [("/id", "envelope"), ("/type", "dataset")],
    )


def test_data_that_breaks_its_contract_is_refused_with_all_violations() -> None:
    row = product(brand="Nationale", manufacturer_id="two")
    del row["department"]

    assert refusal(event(row, type="products.upsert")) == (
        "contract-violation",
        [("/data/brand", "enum"), ("/data/department", "required"), ("/data/manufacturer_id", "type")],
    )


def test_a_dead_letter_has_the_ids_and_dataset_of_its_message() -> None:
    dead_letter = read(event(transaction(week=99)))

    assert isinstance(dead_letter, DeadLetter)
    assert (dead_letter.message.message_id, dead_letter.message.event_id) == ("message-1", "event-1")
    assert dead_letter.message.dataset == "transactions"
    assert "99" not in str(dead_letter.summary())


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
envelopes = st.fixed_dictionaries(
    {
        "specversion": st.just("1.0") | json_values,
        "id": st.just("event-1") | json_values,
        "source": st.just("till") | json_values,
        "type": st.sampled_from(["transactions.upsert", "products.delete", "weather.upsert"]) | json_values,
        "data": st.just({}) | json_values,
    },
    optional={"time": json_values, "datacontenttype": json_values},
)


@given(st.text() | (json_values | envelopes).map(json.dumps))
def test_no_body_stops_the_reader(body: str) -> None:
    found = read(body)

    assert isinstance(found, ValidMessage) or found.violations


def test_a_broken_contract_does_not_stop_messages_of_other_datasets() -> None:
    code = Column("code", "string", limits=Limits(pattern=r"\Z"))
    broken = replace(contracts()["products"], columns=(*contracts()["products"].columns, code))
    mixed = {**contracts(), "products": broken}
    reader = Reader(mixed, Validators(mixed))

    refused = reader.read("message-1", dumps(event(product(), type="products.upsert")))
    taken = reader.read("message-2", dumps(event()))

    assert isinstance(refused, DeadLetter)
    assert [(violation.path, violation.rule) for violation in refused.violations] == [("/data", "contract")]
    assert isinstance(taken, ValidMessage)
