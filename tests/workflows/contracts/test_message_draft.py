"""Contracts that are drafted from messages take them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from lambdas.source.events import DeadLetter
from lambdas.source.messages import Reader
from lambdas.validation import Validators
from tests.lambdas.source.mapped import debezium, dms, order
from workflows.contracts.message_draft import draft_from_messages
from workflows.contracts.samples.facts import DraftError

if TYPE_CHECKING:
    from pathlib import Path

    from workflows.contracts.draft import Draft

REFUND = {
    "kind": "refund",
    "action": "created",
    "refund": {"id": 5, "order-id": 1001},
    "payment": {"amount": {"value": "12.30"}, "lines": [{"sku": "a"}]},
}
EVENT = {"specversion": "1.0", "id": "1", "source": "shop", "type": "shop.order.placed"}


def draft(folder: Path, *messages: Any, key: str, sequence: str | None = None) -> Draft:
    file = folder / "sample.jsonl"
    file.write_text("\n".join(one if isinstance(one, str) else json.dumps(one) for one in messages))
    drafted = draft_from_messages("orders", [key], sequence, file)
    reader = Reader({"orders": drafted.contract}, Validators({"orders": drafted.contract}))
    judged = [found for one in messages for found in reader.read("m", json.dumps(one))]
    assert judged
    assert not any(isinstance(found, DeadLetter) for found in judged)
    return drafted


def test_debezium_is_ordered_by_the_log_of_its_source(tmp_path: Path) -> None:
    messages = [debezium("r", after=order()), debezium("d", before={"order_id": 7}), {"ts_ms": 1}, None]

    drafted = draft(tmp_path, *messages, key="order_id")

    described = drafted.contract.messages
    assert described is not None
    assert (described.envelope, described.database, described.schema, described.table) == (
        "debezium",
        "shop",
        "public",
        "orders",
    )
    assert (drafted.contract.sequence_column, described.paths) == ("position", (("position", "__position"),))


def test_the_schema_of_debezium_tells_the_types(tmp_path: Path) -> None:
    fields = [{"field": "placed_on", "type": "int32", "name": "io.debezium.time.Date"}]
    schema = {"type": "struct", "fields": [{"field": "after", "fields": fields}]}
    message = {"schema": schema, "payload": debezium("c", after=order(placed_on=19_675))}

    assert draft(tmp_path, message, key="order_id").contract.column("placed_on").type == "date"


def test_names_of_a_source_become_paths(tmp_path: Path) -> None:
    messages = [
        dms("load", {"ORDER-ID": 7, "Customer": "Ada"}, **{"table-name": "T"}),
        dms("delete", {"ORDER-ID": 7, "Customer": None}, **{"table-name": "T"}),
    ]

    drafted = draft(tmp_path, *messages, key="order_id")

    assert drafted.contract.messages is not None
    assert dict(drafted.contract.messages.paths) == {"order_id": '"ORDER-ID"', "customer": "Customer"}
    assert drafted.contract.messages.table == "T"
    assert drafted.contract.sequence_column is None
    assert all(not column.aliases for column in drafted.contract.columns)


def test_nested_values_of_raw_messages_get_paths(tmp_path: Path) -> None:
    drafted = draft(
        tmp_path, REFUND, {"kind": "refund", "action": "deleted", "refund": {"id": 5}}, key="refund.id"
    )

    described = drafted.contract.messages
    assert described is not None
    assert dict(described.paths) == {
        "refund_id": "refund.id",
        "refund_order_id": 'refund."order-id"',
        "payment_amount_value": "payment.amount.value",
        "payment_lines": "payment.lines",
    }
    assert (described.when, described.operation) == ("kind == 'refund'", "action")
    assert drafted.contract.column("refund_order_id").required


def test_raw_messages_without_a_kind_are_known_by_their_key(tmp_path: Path) -> None:
    drafted = draft(tmp_path, {"order": {"id": 7}}, key="order.id")

    assert drafted.contract.messages is not None
    assert drafted.contract.messages.when == "order.id != `null`"
    assert any("queue or attributes" in note for note in drafted.notes)


def test_types_of_cloudevents_say_what_happened(tmp_path: Path) -> None:
    messages = [
        EVENT | {"data": {"order": {"id": 7}}},
        EVENT | {"type": "shop.order.removed", "data": {"order": {"id": 7}}},
    ]

    drafted = draft(tmp_path, *messages, key="order.id")

    described = drafted.contract.messages
    assert described is not None
    assert described.when == "contains(['shop.order.placed', 'shop.order.removed'], type)"
    assert described.operation == "(contains(['shop.order.removed'], type) && 'delete') || 'upsert'"


def test_messages_in_envelopes_of_aws_are_unwrapped(tmp_path: Path) -> None:
    notification = {"Type": "Notification", "Message": json.dumps(debezium("c", after=order()))}

    assert draft(tmp_path, notification, key="order_id").contract.messages is not None


@pytest.mark.parametrize(
    ("messages", "problem"),
    [
        (["{"], "Message 1 can't be read"),
        (["null"], "Expected messages with rows"),
        ([{"ts_ms": 1}], r"no column order_id"),
        (
            [debezium("c", after=order(), table="a"), debezium("c", after=order(), table="b")],
            "messages of one table in sample.jsonl, got a, b",
        ),
        ([debezium("c", after=order()), debezium("t")], "Message 2 of sample.jsonl breaks the contract"),
    ],
)
def test_what_is_no_sample_says_why(tmp_path: Path, messages: list[Any], problem: str) -> None:
    with pytest.raises(DraftError, match=problem):
        draft(tmp_path, *messages, key="order_id")
