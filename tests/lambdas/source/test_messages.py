import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.contract import Column, Limits
from lambdas.exact_json import dumps, loads
from lambdas.source.events import DeadLetter, Judged, SkippedMessage, ValidMessage
from lambdas.source.messages import Reader
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


def read_all(message: Any, attributes: dict[str, str] | None = None) -> list[Judged]:
    body = message if isinstance(message, str) else dumps(message)
    return READER.read("message-1", body, attributes=attributes)


def read(message: Any) -> ValidMessage | DeadLetter:
    [found] = read_all(message)
    assert not isinstance(found, SkippedMessage)
    return found


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
    [found] = READER.read("message-1", dumps(event(time=given)), sent)

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


@pytest.mark.parametrize("body", ["7", '"text"', "null", "[7]", "[[]]"])
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
        ({"specversion": None}, "/specversion"),
        ({"id": None}, "/id"),
        ({"source": None}, "/source"),
        ({"data": ...}, "/data"),
        ({"data": []}, "/data"),
        ({"data_base64": "e30="}, "/data"),
        ({"data": ..., "data_base64": "e30"}, "/data_base64"),
        ({"data": ..., "data_base64": "e3 0="}, "/data_base64"),
        ({"data": ..., "data_base64": "/w=="}, "/data_base64"),
        ({"data": ..., "data_base64": "W10="}, "/data_base64"),
        ({"data": ..., "data_base64": {}}, "/data_base64"),
        ({"time": "yesterday"}, "/time"),
        ({"time": ""}, "/time"),
        ({"datacontenttype": "text/csv"}, "/datacontenttype"),
    ],
)
def test_an_envelope_that_is_not_a_cloudevent_is_a_dead_letter_with_the_place(
    changed: dict[str, Any], path: str
) -> None:
    assert refusal(event(**changed)) == ("wrong-envelope", [(path, "envelope")])


def test_data_that_is_null_is_no_data() -> None:
    assert refusal(event() | {"data": None}) == ("wrong-envelope", [("/data", "envelope")])


@pytest.mark.parametrize(
    "name", ["time", "datacontenttype", "dataschema", "subject", "data_base64", "traceparent"]
)
def test_an_attribute_that_is_null_is_not_set(name: str) -> None:
    [of_null] = READER.read("message-1", dumps(event(**{name: None})), SENT)
    [of_nothing] = READER.read("message-1", dumps(event(**{name: ...})), SENT)

    assert isinstance(of_null, ValidMessage)
    assert isinstance(of_nothing, ValidMessage)
    assert of_null.change == of_nothing.change


def test_extension_attributes_are_ignored() -> None:
    assert isinstance(read(event(comexampleshop=330, sampled=True, partitionkey="a")), ValidMessage)


@pytest.mark.parametrize(
    ("content_type", "is_json"),
    [
        ("application/json", True),
        ("application/JSON", True),
        ("APPLICATION/JSON; charset=UTF-8", True),
        ('application/json;charset="utf-8";profile=a/b', True),
        ("text/json", True),
        ("application/vnd.example.row+json", True),
        ("application/vnd.x+JSON ; v=1", True),
        ("application/jsonp", False),
        ("text/json-seq", False),
        ("application/json5", False),
        ("application/xml; as=json", False),
        ("json", False),
        ("application/", False),
        ("", False),
        (7, False),
    ],
)
def test_data_is_json_by_the_subtype_or_suffix_of_its_type(content_type: Any, *, is_json: bool) -> None:
    found = read(event(datacontenttype=content_type))

    assert isinstance(found, ValidMessage) is is_json
    if isinstance(found, DeadLetter):
        assert [violation.path for violation in found.violations] == ["/datacontenttype"]


def base64_of(text: str) -> str:
    return b64encode(text.encode()).decode()


def test_data_may_be_json_in_base64_and_keeps_all_digits() -> None:
    row = dumps(transaction(sales_value=Decimal("12345678.90")))

    found = read(event(data_base64=base64_of(row)) | {"data": None})

    assert isinstance(found, ValidMessage)
    assert '"sales_value":12345678.90' in found.change


def test_violations_of_data_in_base64_name_its_member() -> None:
    row = dumps(transaction(week=99))

    assert refusal(event(data=..., data_base64=base64_of(row))) == (
        "contract-violation",
        [("/data_base64/week", "maximum")],
    )
    assert refusal(event(data=..., data_base64=base64_of('{"a":1,"a":2}'))) == (
        "wrong-envelope",
        [("/data_base64", "json")],
    )


def test_each_event_of_a_batch_is_judged_alone_and_keeps_its_own_text() -> None:
    broken = '{ "specversion" : "1.0", "id": "e-4", "id": "e-5" }'
    texts = [dumps(event(id="e-0")), dumps(event(transaction(week=99), id="e-1")), "7", broken]
    texts.append(dumps(event(product(), id="e-6", type="products.upsert")))

    found = read_all(f" [{' ,\r\n'.join(texts)}]\n")

    assert [one.message.event_id for one in found] == ["e-0", "e-1", "", "", "e-6"]
    assert [one.message.index for one in found] == [0, 1, 2, 3, 4]
    assert [one.message.body for one in found] == texts
    assert {one.message.message_id for one in found} == {"message-1"}
    rejected = [(one.reason, one.violations[0].path) for one in found if isinstance(one, DeadLetter)]
    assert rejected == [("contract-violation", "/data/week"), ("wrong-envelope", ""), ("broken-json", "")]


def test_a_rejected_event_of_a_batch_is_a_message_of_its_own_when_it_is_sent_again() -> None:
    rejected = read_all([event(), event(transaction(week=99), id="e-1")])[1]

    [again] = READER.read("message-2", rejected.message.body)

    assert isinstance(again, DeadLetter)
    assert (again.message.event_id, again.message.index) == ("e-1", None)


def test_an_empty_batch_has_no_events() -> None:
    assert read_all(" [ ] ") == []


@pytest.mark.parametrize("end", ["", ",", "}", ",]", "]]", "] x"])
def test_a_batch_that_is_not_json_is_one_dead_letter(end: str) -> None:
    assert refusal(f"[{dumps(event())}{end}") == ("broken-json", [("", "json")])


def test_a_list_without_events_is_one_dead_letter() -> None:
    assert refusal([transaction(), transaction()]) == ("wrong-envelope", [("", "type")])


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
    optional={"time": json_values, "datacontenttype": json_values, "data_base64": json_values},
)
aws_envelopes = st.fixed_dictionaries(
    {},
    optional={
        "Type": st.sampled_from(["Notification", "SubscriptionConfirmation"]) | json_values,
        "Message": (envelopes | st.lists(envelopes)).map(json.dumps) | json_values,
        "Timestamp": json_values,
        "TopicArn": json_values,
        "detail-type": json_values,
        "detail": envelopes | json_values,
        "source": st.just("aws.s3") | json_values,
        "time": json_values,
        "Event": st.just("s3:TestEvent") | json_values,
        "Records": st.lists(st.fixed_dictionaries({"eventSource": json_values})) | json_values,
        "eventSource": st.just("aws:sqs") | json_values,
    },
)


@given(st.text() | (json_values | envelopes | st.lists(envelopes) | aws_envelopes).map(json.dumps))
def test_no_body_stops_the_reader(body: str) -> None:
    for found in read_all(body):
        assert isinstance(found, ValidMessage) or (isinstance(found, DeadLetter) and found.violations)


def test_a_broken_contract_does_not_stop_messages_of_other_datasets() -> None:
    code = Column("code", "string", limits=Limits(pattern=r"\Z"))
    broken = replace(contracts()["products"], columns=(*contracts()["products"].columns, code))
    mixed = {**contracts(), "products": broken}
    reader = Reader(mixed, Validators(mixed))

    [refused] = reader.read("message-1", dumps(event(product(), type="products.upsert")))
    [taken] = reader.read("message-2", dumps(event()))

    assert isinstance(refused, DeadLetter)
    assert [(violation.path, violation.rule) for violation in refused.violations] == [("/data", "contract")]
    assert isinstance(taken, ValidMessage)
