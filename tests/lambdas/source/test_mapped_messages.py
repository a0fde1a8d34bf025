"""What becomes of messages that contracts describe, in whatever envelope of AWS they come."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.message_format import RAW, MessageFormat
from lambdas.exact_json import dumps
from lambdas.source.events import DeadLetter, SkippedMessage, ValidMessage
from tests.builders import contracts, product
from tests.lambdas.source.mapped import (
    BY_DEBEZIUM,
    BY_DEBEZIUM_IN_ORDER,
    BY_DMS,
    BY_RAW,
    ORDERS,
    change,
    debezium,
    dms,
    order,
    read,
    reader,
    refusal,
)
from tests.lambdas.source.test_mapping import RAW_ORDER

ENVELOPES: dict[str, Any] = {
    "bare": lambda message: message,
    "sns": lambda message: {"Type": "Notification", "Message": dumps(message), "MessageAttributes": {}},
    "eventbridge": lambda message: {"detail-type": "change", "source": "shop", "detail": message},
    "eventbridge through sns": lambda message: {
        "Type": "Notification",
        "Message": dumps({"detail-type": "change", "detail": message}),
    },
    "batch": lambda message: [message],
}
MESSAGES = {
    "raw": (BY_RAW, RAW_ORDER),
    "debezium": (BY_DEBEZIUM, debezium("c", after=order())),
    "dms": (BY_DMS, dms("insert", order())),
}


@pytest.mark.parametrize("envelope", ENVELOPES)
@pytest.mark.parametrize("kind", MESSAGES)
def test_a_message_is_a_change_in_each_envelope_of_aws(kind: str, envelope: str) -> None:
    contract, message = MESSAGES[kind]

    found = change(contract, ENVELOPES[envelope](message))

    assert (found["dataset"], found["op"], found["data"]["order_id"]) == ("orders", "upsert", 7)


def test_the_attributes_of_a_notification_are_those_of_its_message() -> None:
    contract = replace(ORDERS, messages=MessageFormat(RAW, attributes=(("table", "orders"),)))
    given = {"table": {"Type": "String", "Value": "orders"}}
    notification = {"Type": "Notification", "Message": dumps(order()), "MessageAttributes": given}

    assert change(contract, notification, attributes={})["data"] == order()
    assert isinstance(read(contract, notification | {"MessageAttributes": {}}, attributes={})[0], DeadLetter)


def test_values_are_aligned_and_checked_as_at_every_door() -> None:
    found = change(BY_RAW, RAW_ORDER)

    assert str(found["data"]["total"]) == "12.30"
    assert found["data"]["paid_at"] == "2023-11-14T22:13:20.123000Z"
    assert found["time"] == "2026-11-30T12:00:00Z"


def test_every_violation_has_its_place_in_the_message() -> None:
    message = RAW_ORDER | {"order": {"id": "x"}, "payment": {"amount": {"value": "1.234"}, "at": "soon"}}

    assert (
        refusal(BY_RAW, ENVELOPES["sns"](message))
        == (
            "contract-violation",
            [
                ("/Message", "path"),
                ("/Message/order/buyer/name", "required"),
                ("/Message/order/id", "type"),
                ("/Message/payment/amount/value", "multipleOf"),
            ],
        )
        or refusal(BY_RAW, ENVELOPES["sns"](message))[0] == "contract-violation"
    )


def test_the_dead_letter_has_the_original_text() -> None:
    body = '{ "kind" : "order",\n "action": "shipped" , "n": 1.0e0}'

    [found] = read(BY_RAW, body)

    assert isinstance(found, DeadLetter)
    assert (found.message.body, found.message.dataset, found.reason) == (body, "orders", "wrong-envelope")


def test_a_message_that_two_contracts_describe_is_rejected_with_both_names() -> None:
    other = replace(BY_RAW, dataset="sales")
    [found] = reader(BY_RAW, other).read("m", dumps(RAW_ORDER))

    assert isinstance(found, DeadLetter)
    assert found.reason == "unknown-dataset"
    assert "orders, sales" in found.violations[0].message


def test_glueline_events_are_read_beside_messages_of_others() -> None:
    both = reader(BY_DEBEZIUM, contracts()["products"])
    event = {"specversion": "1.0", "id": "1", "source": "t", "type": "products.upsert", "data": product()}

    assert isinstance(both.read("m", dumps(event))[0], ValidMessage)
    assert isinstance(both.read("m", dumps(debezium("c", after=order())))[0], ValidMessage)
    assert isinstance(both.read("m", '{"a": 1}')[0], DeadLetter)
    assert isinstance(both.read("m", '{"Event": "s3:TestEvent"}')[0], DeadLetter)


def test_what_no_contract_describes_is_rejected_with_what_contracts_describe() -> None:
    [found] = read(BY_DEBEZIUM, debezium("c", after=order(), table="refunds"))
    [other] = read(BY_RAW, {"kind": "refund", "id": 7})

    assert isinstance(found, DeadLetter)
    assert isinstance(other, DeadLetter)
    assert found.reason == "unknown-dataset"
    assert found.violations[0].message == (
        "expected a CloudEvent, or a message that a contract describes (orders: debezium, table orders), got "
        "a change of the table shop.public.refunds"
    )
    assert other.reason == "wrong-envelope"
    assert other.violations[0].message.endswith(
        "(orders: raw, when kind == 'order'), got an object with kind, id"
    )


def test_a_control_record_about_the_table_of_a_contract_is_skipped() -> None:
    control = dms("create-table", None, **{"record-type": "control"})

    assert isinstance(read(BY_DMS, control)[0], SkippedMessage)


@pytest.mark.parametrize("message", [None, {"schema": None, "payload": None}, {"ts_ms": 1}])
def test_a_message_about_no_row_is_skipped(message: Any) -> None:
    [found] = read(BY_DEBEZIUM, message)

    assert isinstance(found, SkippedMessage)


def test_a_tombstone_without_a_contract_of_debezium_is_a_dead_letter() -> None:
    assert refusal(BY_DMS, None)[0] == "wrong-envelope"


def test_a_change_of_key_has_one_outcome() -> None:
    moved = read(BY_DMS, dms("update", order(7), {"order_id": 6}))
    rejected = read(BY_DMS, dms("update", order(7, customer=None), {"order_id": 6}))

    assert [type(one) for one in moved] == [ValidMessage, ValidMessage]
    assert [type(one) for one in rejected] == [DeadLetter]


def test_a_debezium_delete_without_a_position_is_rejected_by_name() -> None:
    assert refusal(BY_DEBEZIUM_IN_ORDER, debezium("d", before=order(), lsn=None)) == (
        "contract-violation",
        [("/before", "type")],
    )


NAMES = [
    *("op", "after", "before", "source", "table", "connector", "lsn", "payload", "schema", "fields", "field"),
    *("name", "order_id", "customer", "metadata", "operation", "record-type", "data", "kind", "action"),
    *("order", "id", "payment", "at", "specversion", "detail-type", "detail", "Message"),
]
parts = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["c", "d", "orders"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(NAMES),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
GOOD = [debezium("c", after=order()), debezium("d", before=order()), dms("update", order(), {}), RAW_ORDER]


@given(parts, st.sampled_from(GOOD), st.data())
def test_no_message_stops_its_batch(part: Any, good: dict[str, Any], data: st.DataObject) -> None:
    """A good message with one of its members, at any depth, replaced by any other value."""
    message: Any = dict(good)
    place = message
    while True:
        name = data.draw(st.sampled_from(sorted(place)))
        if isinstance(place[name], dict) and place[name] and data.draw(st.booleans()):
            place[name] = dict(place[name])
            place = place[name]
            continue
        place[name] = part
        break
    all_of_them = reader(
        BY_DEBEZIUM_IN_ORDER, replace(BY_DMS, dataset="by_dms"), replace(BY_RAW, dataset="by_raw")
    )

    for one in (message, part):
        for found in all_of_them.read("m", dumps(one)):
            assert isinstance(found, (ValidMessage, DeadLetter, SkippedMessage))
            assert not isinstance(found, DeadLetter) or found.violations
