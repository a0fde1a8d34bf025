"""Messages of the demo: grocery baskets of the sample data.

Basket lines become messages. The later changes of a line (settled, corrected, voided) follow from the line
alone, so every run sends the same events. Some messages are late, repeated or broken on purpose.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from workflows.demo.sample_data import sample_table

if TYPE_CHECKING:
    from collections.abc import Sequence

type Row = dict[str, Any]
type Key = tuple[Any, ...]

SOURCE: Final = "till.example"
MONEY: Final = ("sales_value", "retail_disc", "coupon_disc", "coupon_match_disc")
FIRST_DAY: Final = datetime(2017, 3, 1)  # the data has no time zone; its times are read as UTC


@dataclass(frozen=True, slots=True)
class BasketChange:
    """The meaning of a valid message: the row of `key` from `version` on, or None if it is deleted."""

    key: Key
    version: datetime
    row: Row | None


@dataclass(frozen=True, slots=True)
class Message:
    """A queue message: the `change` of a valid one, or the `reason` to reject a broken one."""

    body: str
    event_id: str | None
    change: BasketChange | None = None
    reason: str | None = None


def newest_rows(changes: list[BasketChange]) -> dict[Key, Row]:
    """The rows that the table must have: the newest version of each key, except deletes."""
    newest: dict[Key, BasketChange] = {}
    for change in changes:
        if change.key not in newest or change.version >= newest[change.key].version:
            newest[change.key] = change
    return {key: change.row for key, change in newest.items() if change.row is not None}


# --- messages -----------------------------------------------------------------------------------------------


def messages(lines: int) -> list[Message]:
    """The events of that many basket lines, in the order in which they are sent; the same on every call."""
    return messages_of(basket_lines(lines))


def messages_of(lines: Sequence[Row]) -> list[Message]:
    """The events of these lines: their changes by version, with some late, repeated or broken ones."""
    changes = sorted(
        (change for line in lines for change in changes_of(line)),
        key=lambda change: (change.version, change.key),
    )
    sent = [_good(number, change) for number, change in enumerate(changes)]
    for number in range(50, len(sent), 97):  # every 97th message is late, by 40 places
        sent.insert(min(number + 40, len(sent) - 1), sent.pop(number))
    doubled = [message for number, message in enumerate(sent) if number % 101 == 0]
    broken = [_broken(number, line) for number, line in enumerate(lines[: max(len(lines) // 50, 7)])]
    for number, message in enumerate(doubled + broken):
        sent.insert(number * 31 % len(sent), message)
    return sent


@cache
def basket_lines(count: int) -> tuple[Row, ...]:
    """The first `count` lines of every ninth basket since FIRST_DAY: whole baskets over several days."""
    table = sample_table("transactions")
    wanted = pc.and_(
        pc.greater_equal(table["transaction_timestamp"], pa.scalar(FIRST_DAY, pa.timestamp("ns"))),
        pc.equal(pc.subtract(table["basket_id"], pc.multiply(pc.divide(table["basket_id"], 9), 9)), 0),
    )
    return tuple(_line(row) for row in table.filter(wanted).slice(0, count).to_pylist())


def changes_of(line: Row) -> list[BasketChange]:
    """The changes of a line: sold (pending); later, some are settled, some corrected, a few voided."""
    key = (line["basket_id"], line["product_id"])
    sold_at: datetime = line["transaction_timestamp"]
    remainder = (line["basket_id"] * 31 + line["product_id"]) % 100

    def changed(days: int, **fields: Any) -> BasketChange:
        at = sold_at + timedelta(days=days)
        return BasketChange(key, at, line | {"status": "pending", "updated_at": at} | fields)

    changes = [changed(0)]
    if remainder < 20:
        changes.append(changed(1, status="settled"))
    if remainder < 5:
        corrected = (line["sales_value"] / 2).quantize(Decimal("0.01"))
        changes.append(changed(2, status="corrected", sales_value=corrected, quantity=line["quantity"] + 1))
    if 5 <= remainder < 8:
        changes.append(BasketChange(key, sold_at + timedelta(days=3), None))
    return changes


def _good(number: int, change: BasketChange) -> Message:
    """The message of a change, in one of the spellings that the contract's alignment takes."""
    spell = (_plain, _camel_case_strings, _with_offset)[number % 3]
    if change.row is None:
        basket_id, product_id = change.key
        data = {"basket_id": basket_id, "product_id": product_id, "updated_at": change.version}
        op = "delete"
    else:
        # the till leaves out the status of a new line: the contract's default says pending
        data = {k: v for k, v in change.row.items() if (k, v) != ("status", "pending")}
        op = "upsert"
    event_id = f"{'-'.join(map(str, change.key))}-{change.version:%Y%m%dT%H%M%S}"
    return Message(json.dumps(_event(event_id, op, change.version, spell(data))), event_id, change)


def _broken(number: int, line: Row) -> Message:
    """A message that has to be rejected, and the reason."""
    sold_at = line["transaction_timestamp"]
    data = _plain(line | {"status": "pending", "updated_at": sold_at})
    event_id = f"broken-{number}"
    event = _event(event_id, "upsert", sold_at, data)
    kinds: tuple[tuple[str, str], ...] = (
        ("broken-json", json.dumps(event)[:-2]),
        ("wrong-envelope", json.dumps({k: v for k, v in event.items() if k != "type"})),
        ("unknown-dataset", json.dumps(event | {"type": "refunds.upsert"})),
        ("contract-violation", json.dumps(event | {"data": data | {"quantity": -1, "week": 99}})),
        (
            "contract-violation",
            json.dumps(event | {"data": {k: v for k, v in data.items() if k != "store_id"}}),
        ),
        ("contract-violation", json.dumps(event | {"data": data | {"transaction_timestamp": "yesterday"}})),
        ("contract-violation", json.dumps(event | {"data": data | {"loyalty_tier": "gold"}})),
    )
    reason, body = kinds[number % len(kinds)]
    return Message(body, event_id, reason=reason)


def _event(event_id: str, kind: str, at: datetime, data: Row) -> Row:
    """A CloudEvent in structured JSON mode (CloudEvents 1.0)."""
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": SOURCE,
        "type": f"transactions.{kind}",
        "time": _text(at),
        "data": data,
    }


def _plain(data: Row) -> Row:
    return {name: _text(value) for name, value in data.items()}


def _camel_case_strings(data: Row) -> Row:
    """camelCase names, and every value as a string with surrounding blanks."""
    return {_camel_case(name): f" {_text(value)} " for name, value in data.items()}


def _with_offset(data: Row) -> Row:
    """Times in the zone of the till, two hours ahead of UTC."""
    return {
        name: (value + timedelta(hours=2)).strftime("%Y-%m-%d %H:%M:%S+02:00")
        if isinstance(value, datetime)
        else _text(value)
        for name, value in data.items()
    }


def _text(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    return float(value) if isinstance(value, Decimal) else value


def _camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _line(row: Row) -> Row:
    """A basket line with exact money and a UTC time, as the contract requires."""
    money = {name: Decimal(f"{row[name]:.2f}") for name in MONEY}
    return row | money | {"transaction_timestamp": row["transaction_timestamp"].replace(tzinfo=UTC)}
