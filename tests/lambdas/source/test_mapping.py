"""How messages of other systems are read by their contract."""

from dataclasses import replace
from typing import Any

import pytest

from expectations.contract import Contract
from expectations.message_format import CLOUDEVENTS, RAW, MessageFormat
from lambdas.source.capture.captured import Wrong
from lambdas.source.mapping import DATASET, MappedChange, Mappings, MessageMapping
from tests.lambdas.source.mapped import (
    BY_DEBEZIUM,
    BY_DEBEZIUM_IN_ORDER,
    BY_DMS,
    BY_RAW,
    ORDERS,
    debezium,
    dms,
    order,
)

RAW_ORDER = {
    "kind": "order",
    "action": "Updated",
    "at": "2026-11-30T12:00:00Z",
    "order": {"id": 7, "buyer": {"name": "Ada"}},
    "payment": {"amount": {"value": "12.30"}, "at": 1_700_000_000_123},
}


def mapping(contract: Contract, **changed: Any) -> MessageMapping:
    assert contract.messages is not None
    return MessageMapping(contract, replace(contract.messages, **changed))


def changes(contract: Contract, message: Any, **changed: Any) -> list[MappedChange]:
    found = mapping(contract, **changed).read(message)
    assert not isinstance(found, Wrong), found
    return found


def wrong(contract: Contract, message: Any, **changed: Any) -> list[tuple[str, str]]:
    found = mapping(contract, **changed).read(message)
    assert isinstance(found, Wrong), found
    return [one[:2] for one in found.violations]


def test_a_raw_message_is_read_by_the_paths_of_its_contract() -> None:
    [found] = changes(BY_RAW, RAW_ORDER)

    assert (found.op, found.time) == ("upsert", "2026-11-30T12:00:00Z")
    assert found.row == {
        "order_id": 7,
        "customer": "Ada",
        "total": "12.30",
        "paid_at": "2023-11-14T22:13:20.123000Z",
    }
    assert found.places["customer"] == "/order/buyer/name"
    assert found.places["paid_at"] == ""  # it is computed


def test_a_delete_has_its_key_and_its_place_in_the_order_alone() -> None:
    [found] = changes(BY_RAW, RAW_ORDER | {"action": "REMOVE"})

    assert (found.op, found.row) == ("delete", {"order_id": 7})


def test_the_same_message_has_the_same_id_and_another_has_another() -> None:
    same = [changes(BY_RAW, RAW_ORDER | {"noise": noise})[0].event_id for noise in range(2)]
    other = changes(BY_RAW, RAW_ORDER | {"payment": {}})[0].event_id

    assert same[0] == same[1] != other


def test_a_path_that_fails_names_its_column_and_the_others_are_read() -> None:
    [found] = changes(BY_RAW, RAW_ORDER | {"payment": {"at": "yesterday"}})

    assert [one.rule for one in found.failures] == ["path"]
    assert "column paid_at" in found.failures[0].message
    assert found.row["customer"] == "Ada"


def test_null_is_a_value_where_the_path_leads_to_it_and_none_where_it_does_not() -> None:
    null = changes(BY_RAW, RAW_ORDER | {"payment": {"amount": {"value": None}}})[0].row
    absent = changes(BY_RAW, RAW_ORDER | {"payment": {}})[0].row

    assert null["total"] is None
    assert "total" not in absent


def test_columns_without_a_path_are_read_by_name_and_what_is_no_column_is_ignored() -> None:
    [found] = changes(BY_DEBEZIUM, debezium("c", after={"orderId": 7, "customer": "Ada", "internal": 1}))

    assert found.row == {"order_id": 7, "customer": "Ada"}
    assert found.places["order_id"] == "/after/orderId"


def test_paths_reach_the_whole_message_the_time_and_the_position() -> None:
    paths = (("customer", "__message.source.name"), ("paid_at", "__time"), ("total", "__position"))
    [found] = changes(BY_DEBEZIUM, debezium("c", after=order()), paths=paths)

    assert (found.row["customer"], found.row["total"]) == ("shop", 24_023_128)
    assert found.row["paid_at"] == "2023-11-14T22:13:20.123000Z"
    assert found.places["customer"] == "/source/name"


def test_a_delete_of_debezium_has_the_position_that_its_key_does_not_tell() -> None:
    [found] = changes(BY_DEBEZIUM_IN_ORDER, debezium("d", before={"order_id": 7, "customer": None}))

    assert (found.op, found.row) == ("delete", {"order_id": 7, "position": 24_023_128})


def test_an_update_that_changes_the_key_deletes_the_former_row() -> None:
    found = changes(BY_DMS, dms("update", order(7), {"order_id": 6}))

    assert [(one.op, one.row["order_id"]) for one in found] == [("delete", 6), ("upsert", 7)]


@pytest.mark.parametrize("before", [{"customer": "Eve"}, {"order_id": None}, {"order_id": " 7"}, {}])
def test_an_update_that_keeps_the_key_is_one_change(before: Any) -> None:
    assert len(changes(BY_DMS, dms("update", order(7), before))) == 1


def test_cloudevents_of_others_are_read_by_their_own_types() -> None:
    described = MessageFormat(
        CLOUDEVENTS, when="starts_with(type, 'com.shop.order.')", paths=(("order_id", "order.id"),)
    )
    contract = replace(ORDERS, messages=described)
    event = {"specversion": "1.0", "id": "1", "source": "shop", "type": "com.shop.order.placed"}
    message = event | {"time": "2026-11-30T12:00:00Z", "data": {"order": {"id": 7}, "customer": "Ada"}}

    [found] = changes(contract, message)

    assert (found.row, found.event_id) == ({"order_id": 7, "customer": "Ada"}, "1")
    assert found.places["order_id"] == "/data/order/id"
    assert mapping(contract).claims(message)
    assert not mapping(contract).claims(message | {"type": "com.shop.refund"})
    assert wrong(contract, message | {"id": 7, "data": []}) == [("/id", "envelope"), ("/data", "envelope")]


@pytest.mark.parametrize(
    ("condition", "queue", "attributes", "is_claimed"),
    [
        ({"queue": "orders"}, "orders", {}, True),
        ({"queue": "orders"}, "inbound", {}, False),
        ({"queue": "orders"}, None, None, True),
        ({"attributes": (("table", "orders"),)}, "inbound", {"table": "orders"}, True),
        ({"attributes": (("table", "orders"),)}, "inbound", {"table": "refunds"}, False),
        ({"attributes": (("table", "orders"),)}, "inbound", {}, False),
        ({"attributes": (("table", "orders"),)}, None, None, True),
        ({"when": "kind == 'order'"}, "inbound", {}, True),
        ({"when": "kind"}, "inbound", {}, False),  # it is a text, not true
        ({"when": "length(order.id) > `1`"}, "inbound", {}, False),  # it fails
        ({"queue": "orders", "when": "kind == 'order'"}, "inbound", {}, False),
    ],
)
def test_a_message_is_of_a_dataset_whose_conditions_it_keeps(
    condition: Any, queue: str | None, attributes: dict[str, str] | None, is_claimed: bool
) -> None:
    contract = replace(ORDERS, messages=MessageFormat(RAW, **condition))

    assert mapping(contract).claims(RAW_ORDER, queue, attributes) is is_claimed


def test_a_dead_letter_that_comes_again_is_of_the_dataset_that_it_was_of() -> None:
    contract = replace(ORDERS, messages=MessageFormat(RAW, queue="orders"))
    mappings = Mappings.of({"orders": contract})

    assert mappings.choose(RAW_ORDER, "inbound", {DATASET: "orders"})
    assert mappings.choose(RAW_ORDER, "inbound", {DATASET: "refunds"}) is None
    assert mappings.choose({"specversion": "1.0"}, "inbound", {DATASET: "orders"}) is None


def test_only_the_table_of_the_contract_is_read() -> None:
    one = mapping(BY_DEBEZIUM, schema="sales")

    assert not one.claims(debezium("c", after=order()))
    assert one.claims(debezium("c", after=order(), schema="sales"))
    assert not mapping(BY_DEBEZIUM).claims(debezium("c", after=order(), table="refunds"))


def test_values_that_are_nested_too_deep_stop_nothing() -> None:
    deep: Any = 1
    for _ in range(5000):
        deep = [deep]

    assert wrong(BY_DEBEZIUM, debezium("c", after=order(customer=deep))) == [("", "depth")]
