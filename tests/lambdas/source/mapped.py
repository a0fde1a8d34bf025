"""A dataset of orders as other systems send it, and messages of theirs."""

from dataclasses import replace
from typing import Any

from expectations.contract import Column, Contract
from expectations.message_format import DEBEZIUM, DMS, RAW, MessageFormat
from lambdas.exact_json import dumps
from lambdas.source.events import DeadLetter, Judged, ValidMessage
from lambdas.source.messages import Reader
from lambdas.validation import Validators

ORDERS = Contract(
    dataset="orders",
    version="1.0.0",
    description="Orders of a shop.",
    columns=(
        Column("order_id", "long", required=True),
        Column("customer", "string", required=True),
        Column("total", "decimal(10,2)"),
        Column("placed_on", "date"),
        Column("paid_at", "timestamp"),
    ),
    key=("order_id",),
)
POSITION = Column("position", "long", required=True)
BY_DEBEZIUM = replace(ORDERS, messages=MessageFormat(DEBEZIUM, table="orders"))
BY_DEBEZIUM_IN_ORDER = replace(
    ORDERS,
    columns=(*ORDERS.columns, POSITION),
    sequence_column="position",
    messages=MessageFormat(DEBEZIUM, table="orders", paths=(("position", "__position"),)),
)
BY_DMS = replace(ORDERS, messages=MessageFormat(DMS, table="orders"))
BY_RAW = replace(
    ORDERS,
    messages=MessageFormat(
        RAW,
        when="kind == 'order'",
        operation="action",
        time="at",
        paths=(
            ("order_id", "order.id"),
            ("customer", "order.buyer.name"),
            ("total", "payment.amount.value"),
            ("paid_at", "from_millis(payment.at)"),
        ),
    ),
)


def reader(*contracts: Contract) -> Reader:
    """A reader of these contracts alone."""
    known = {contract.dataset: contract for contract in contracts}
    return Reader(known, Validators(known))


def read(contract: Contract, message: Any, **more: Any) -> list[Judged]:
    """What becomes of a message by one contract."""
    body = message if isinstance(message, str) else dumps(message)
    return reader(contract).read("message-1", body, **more)


def change(contract: Contract, message: Any, **more: Any) -> dict[str, Any]:
    """The one change that a message is."""
    from lambdas.exact_json import loads

    [found] = read(contract, message, **more)
    assert isinstance(found, ValidMessage), found
    changed: dict[str, Any] = loads(found.change)
    return changed


def refusal(contract: Contract, message: Any, **more: Any) -> tuple[str, list[tuple[str, str]]]:
    """Why a message is a dead letter: the reason, and places and rules of all violations."""
    [found] = read(contract, message, **more)
    assert isinstance(found, DeadLetter), found
    return found.reason, [(one.path, one.rule) for one in found.violations]


def debezium(op: str, before: Any = None, after: Any = None, **source: Any) -> dict[str, Any]:
    """An event of Debezium's connector for PostgreSQL, without its schema."""
    return {
        "before": before,
        "after": after,
        "source": {
            "version": "3.3.0.Final",
            "connector": "postgresql",
            "name": "shop",
            "ts_ms": 1_700_000_000_123,
            "snapshot": "false",
            "db": "shop",
            "sequence": '["24023119","24023128"]',
            "schema": "public",
            "table": "orders",
            "txId": 555,
            "lsn": 24_023_128,
            "xmin": None,
            **source,
        },
        "transaction": None,
        "op": op,
        "ts_ms": 1_700_000_000_500,
    }


def dms(operation: Any, data: Any, before: Any = None, **metadata: Any) -> dict[str, Any]:
    """A data record of DMS, with the details of its transaction."""
    return {
        "data": data,
        **({} if before is None else {"before-image": before}),
        "metadata": {
            "timestamp": "2026-11-30T12:00:00.123456Z",
            "record-type": "data",
            "operation": operation,
            "partition-key-type": "schema-table",
            "schema-name": "public",
            "table-name": "orders",
            "transaction-id": 1141,
            "transaction-record-id": 1,
            "commit-timestamp": "2026-11-30T12:00:00.100000Z",
            "stream-position": "00000002/7C0073F8.2.00000002/7C0073F8",
            **metadata,
        },
    }


def order(number: int = 7, **changed: Any) -> dict[str, Any]:
    """A row of the source."""
    return {"order_id": number, "customer": "Ada", **changed}
