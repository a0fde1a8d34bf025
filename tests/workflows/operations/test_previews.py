"""What a file of messages would become, as the `source` function decides it."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tests.builders import contracts, transaction
from tests.lambdas.source.mapped import BY_DEBEZIUM, BY_RAW
from tests.lambdas.source.test_mapping import RAW_ORDER
from workflows.operations.previews import Preview, Value, previews

if TYPE_CHECKING:
    from collections.abc import Mapping


def event(data: Mapping[str, Any], **attributes: Any) -> str:
    made = {"specversion": "1.0", "id": "42", "source": "tests", "type": "transactions.upsert"}
    return json.dumps(made | attributes | {"data": data}, default=str)


def test_an_accepted_event_has_each_value_and_what_alignment_changed() -> None:
    row = transaction(quantity=" 2") | {"salesValue": "0.50"}
    del row["sales_value"], row["status"]

    [found] = previews([event(row, time="2017-01-01T12:00:00+01:00")], contracts())

    assert found.is_accepted
    assert (found.dataset, found.op, found.event_id) == ("transactions", "upsert", "42")
    assert found.time == "2017-01-01T11:00:00Z"
    changed = {value.column: (value.value, value.changes) for value in found.values if value.changes}
    assert changed == {
        "quantity": (2, (("number", " 2"),)),
        "sales_value": (Decimal("0.50"), (("name", "salesValue"), ("number", "0.50"))),
        "retail_disc": (Decimal("0.00"), (("number", "0.00"),)),
        "coupon_disc": (Decimal("0.00"), (("number", "0.00"),)),
        "coupon_match_disc": (Decimal("0.00"), (("number", "0.00"),)),
        "status": ("pending", (("default", None),)),
    }
    assert Value("basket_id", 31198570044) in found.values


def test_a_rejected_event_has_its_reason_and_every_violation_with_its_place() -> None:
    [found] = previews([event(transaction(quantity=-1, week="x"))], contracts())

    assert not found.is_accepted
    assert found.reason == "contract-violation"
    assert [path for path, _ in found.violations] == ["/data/quantity", "/data/week"]
    assert found.values == ()


def test_each_event_of_each_message_has_a_preview_and_none_stops_the_others() -> None:
    unknown = json.loads(event({}, type="sales.upsert", id="43"))
    bodies = ['{"a', f"[{event(transaction())}, {json.dumps(unknown)}]", "[]", event(transaction())]

    found = list(previews(bodies, contracts()))

    assert [(one.number, one.event_id, one.reason) for one in found] == [
        (1, "", "broken-json"),
        (2, "42", ""),
        (2, "43", "unknown-dataset"),
        (4, "42", ""),
    ]


def test_a_delete_has_its_key_and_its_place_in_the_order_alone() -> None:
    key = {"basket_id": 1, "product_id": 2, "updated_at": "2017-01-01T11:53:26Z"}

    [found] = previews([event(key, type="transactions.delete")], contracts())

    assert found == Preview(
        1, "42", "transactions", "delete", values=tuple(Value(*pair) for pair in key.items())
    )


def test_messages_that_a_contract_describes_are_shown_alike() -> None:
    bodies = [json.dumps(RAW_ORDER), json.dumps(RAW_ORDER | {"order": {"id": "x"}}), "{}"]

    accepted, rejected, unknown = previews(bodies, {"orders": BY_RAW})

    assert (accepted.dataset, accepted.op, accepted.time) == ("orders", "upsert", "2026-11-30T12:00:00Z")
    assert Value("order_id", 7) in accepted.values
    assert Value("total", Decimal("12.30"), (("number", "12.30"),)) in accepted.values
    assert rejected.violations[0] == (
        "/order/buyer/name",
        "column customer: expected a value, got none",
    )
    assert rejected.violations[1][0] == "/order/id"
    assert unknown.reason == "wrong-envelope"


def test_what_is_about_no_row_is_shown_as_skipped() -> None:
    [found] = previews(['{"ts_ms": 1700000000000}'], {"orders": BY_DEBEZIUM})

    assert (found.skipped, found.is_accepted) == ("a heartbeat", True)
