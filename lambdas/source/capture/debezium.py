"""The change that a Debezium event describes.

An event is the value of the Kafka record, as Debezium Server sends it to SQS: `before`, `after`, `source`,
`op` and `ts_ms`, alone or as `payload` beside its `schema`
(https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-events):

* `c` (insert), `u` (update) and `r` (read by a snapshot): the row is `after`.
* `d` (delete): the row is `before`, of which only the key is needed. A tombstone, a record without a value,
  follows it for the compaction of Kafka; it says nothing more and is skipped.
* `t` (truncate): no row is named, so it is rejected; whether the table is to be emptied is a person's
  decision.
* `m` (a message that an application wrote to the log), heartbeats, changes of schemas, and the beginnings and
  ends of transactions are about no row, and are skipped.

A connector writes `unavailable.value.placeholder` for a large value that an update did not change and the log
does not have (TOAST in PostgreSQL, LOB in Oracle). The row is not known then, so the event is rejected.
"""

from base64 import b64encode
from typing import Any, NamedTuple

from expectations.message_paths import instant
from lambdas.source.capture.captured import Captured, Skipped, Table, Wrong, member, text, whole, wrong
from lambdas.source.capture.debezium_values import part_of, row_values
from lambdas.source.capture.positions import position_of
from lambdas.validation import Violation, pointer

_PLACEHOLDER = "__debezium_unavailable_value"
_PLACEHOLDERS = (_PLACEHOLDER, b64encode(_PLACEHOLDER.encode()).decode())
_ADVICE = "set REPLICA IDENTITY FULL (PostgreSQL), or let the reselect-columns post processor read the value"
_TRUNCATE = "drop it with skipped.operations=t, or delete the rows"
_ROW = {"c": "after", "r": "after", "u": "after", "d": "before"}
_CLOCKS = {"ts_ms", "ts_us", "ts_ns"}
_TIMES = (("ts_ns", "nanos"), ("ts_us", "micros"), ("ts_ms", "millis"))


class _Event(NamedTuple):
    payload: Any
    path: str
    schema: Any = None


def payload_of(message: Any) -> Any:
    """The event without its schema."""
    return _event(message).payload


def _event(message: Any, path: str = "") -> _Event:
    """The event: alone, beside its schema, or the data of a CloudEvent of Debezium's converter."""
    if isinstance(message, dict) and "specversion" in message and isinstance(message.get("data"), dict):
        return _event(message["data"], f"{path}/data") if not path else _Event(message, path)
    if isinstance(message, dict) and "payload" in message and message.keys() <= {"schema", "payload"}:
        return _Event(message["payload"], f"{path}/payload", message.get("schema"))
    return _Event(message, path)


def table_of(message: Any) -> Table | None:
    """The table that a message is about; None if it is no event of a row."""
    payload = payload_of(message)
    source = member(payload, "source")
    if not isinstance(source, dict) or "op" not in payload:
        return None
    name = text(source.get("table")) or text(source.get("collection"))
    return Table(text(source.get("db")), text(source.get("schema")), name)


def skipped(message: Any) -> Skipped | None:
    """What a message is that is about no row; None for any other message."""
    payload = payload_of(message)
    if payload is None:
        return Skipped("a tombstone, which follows the delete of its row")
    if not isinstance(payload, dict):
        return None
    kinds = {
        "a message that an application wrote to the log": payload.get("op") == "m",
        "a heartbeat": payload.keys() <= _CLOCKS and whole(payload.get("ts_ms")) is not None,
        "the beginning or end of a transaction": payload.get("status") in ("BEGIN", "END")
        and "id" in payload,
        "a change of a schema": "source" in payload and not {"ddl", "tableChanges"}.isdisjoint(payload),
    }
    found = next((kind for kind, is_one in kinds.items() if is_one), None)
    return None if found is None else Skipped(found)


def change_of(message: Any) -> Captured | Wrong:
    """The change that an event of a row describes."""
    payload, path, schema = _event(message)
    op = payload.get("op")
    if op == "t":
        return wrong(f"{path}/op", "operation", "a change of one row", "truncate", _TRUNCATE)
    part = _ROW.get(op) if isinstance(op, str) else None
    if part is None:
        return wrong(f"{path}/op", "operation", "c, r, u, d, t or m", op)
    row = payload.get(part)
    if not isinstance(row, dict):
        advice = "the connector has to write the key of deleted rows (REPLICA IDENTITY)" if op == "d" else ""
        return wrong(f"{path}/{part}", "envelope", "the row as an object", row, advice)
    if op != "d" and (missing := [name for name, value in row.items() if _is_unavailable(value)]):
        expected = f"the value of each column, got a placeholder of Debezium: {_ADVICE}"
        return Wrong(
            tuple(Violation(f"{path}/{part}{pointer(one)}", "unavailable", expected) for one in missing)
        )
    source = payload.get("source")
    position = position_of(source, is_snapshot=op == "r")
    before = payload.get("before")
    return Captured(
        "delete" if op == "d" else "upsert",
        row_values(row, part_of(schema, part)),
        f"{path}/{part}",
        row_values(before, part_of(schema, "before")) if op == "u" and isinstance(before, dict) else None,
        _time(source) or _time(payload),
        position.order,
        position.number,
    )


def _time(source: Any) -> str | None:
    """When the database made the change, by the finest of the times that `source` has."""
    for name, unit in _TIMES:
        count = whole(member(source, name))
        if count:
            try:
                return instant(count, unit)
            except (ValueError, ArithmeticError):
                return None
    return None


def _is_unavailable(value: Any) -> bool:
    found = value[:1] if isinstance(value, list) else [value]
    return any(isinstance(one, str) and one in _PLACEHOLDERS for one in found)
