"""Values of a Debezium row, by the schema that came with it.

The JSON converter of Kafka Connect writes a value as its type and the name of its meaning say (Debezium,
"Data type mappings" of each connector: `time.precision.mode`, `decimal.handling.mode`,
`binary.handling.mode`):

* days since 1970: `io.debezium.time.Date`, `org.apache.kafka.connect.data.Date`
* milliseconds, microseconds or nanoseconds since 1970, of a time without a zone, which is read as UTC:
  `io.debezium.time.Timestamp`, `MicroTimestamp`, `NanoTimestamp`, `org.apache.kafka.connect.data.Timestamp`
* the same since midnight: `Time`, `MicroTime`, `NanoTime`, which become texts like 12:00:00.5
* base64 of the unscaled digits: `org.apache.kafka.connect.data.Decimal`, its scale a parameter of the schema,
  and `io.debezium.data.VariableScaleDecimal`, an object with `scale` and `value`

Other values are what they say: texts (`ZonedTimestamp`, `Uuid`, `Json`, `Enum`, decimals as text), numbers,
and bytes in base64. A value that is not what its schema says stays as it came, and the contract decides about
it.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from expectations.message_paths import day, instant, unscaled
from lambdas.source.capture.captured import member

_ERRORS = (ValueError, TypeError, ArithmeticError)
_MIDNIGHT = datetime(1970, 1, 1, tzinfo=UTC)


def row_values(row: dict[str, Any], schema: Any) -> dict[str, Any]:
    """The row with its values as a contract has them. Without a schema, they stay as they came."""
    types = _fields(schema)
    return {name: _value(value, types[name]) if name in types else value for name, value in row.items()}


def part_of(schema: Any, name: str) -> Any:
    """The schema of a member of the envelope, such as `after`; None if there is none."""
    return _fields(schema).get(name)


def _fields(schema: Any) -> dict[str, Any]:
    fields = member(schema, "fields")
    if not isinstance(fields, list):
        return {}
    named = ((member(one, "field"), one) for one in fields)
    return {name: one for name, one in named if isinstance(name, str)}


def _value(value: Any, schema: Any) -> Any:
    if value is None:
        return None
    read = _MEANINGS.get(member(schema, "name")) if isinstance(member(schema, "name"), str) else None
    if read is not None:
        try:
            return read(value, schema)
        except _ERRORS:
            return value
    if member(schema, "type") == "struct" and isinstance(value, dict):
        return row_values(value, schema)
    if member(schema, "type") == "array" and isinstance(value, list):
        return [_value(item, member(schema, "items")) for item in value]
    return value


def _day(value: Any, schema: Any) -> Any:
    return day(value) if type(value) is int else value


def _instant(unit: str) -> Callable[[Any, Any], Any]:
    return lambda value, schema: instant(value, unit) if type(value) is int else value


def _time(per_second: int) -> Callable[[Any, Any], Any]:
    def read(value: Any, schema: Any) -> Any:
        if type(value) is not int or not 0 <= value < 24 * 3600 * per_second:
            return value
        micros = value * 1_000_000 // per_second
        return (_MIDNIGHT + timedelta(microseconds=micros)).time().isoformat()

    return read


def _decimal(value: Any, schema: Any) -> Any:
    return unscaled(value, int(member(member(schema, "parameters"), "scale") or 0))


def _variable_scale(value: Any, schema: Any) -> Any:
    return unscaled(value["value"], value["scale"]) if isinstance(value, dict) else value


_CONNECT, _DEBEZIUM = "org.apache.kafka.connect.data", "io.debezium.time"
_MEANINGS: Mapping[str, Callable[[Any, Any], Any]] = {
    f"{_CONNECT}.Date": _day,
    f"{_CONNECT}.Time": _time(1_000),
    f"{_CONNECT}.Timestamp": _instant("millis"),
    f"{_CONNECT}.Decimal": _decimal,
    "io.debezium.data.VariableScaleDecimal": _variable_scale,
    f"{_DEBEZIUM}.Date": _day,
    f"{_DEBEZIUM}.Time": _time(1_000),
    f"{_DEBEZIUM}.MicroTime": _time(1_000_000),
    f"{_DEBEZIUM}.NanoTime": _time(1_000_000_000),
    f"{_DEBEZIUM}.Timestamp": _instant("millis"),
    f"{_DEBEZIUM}.MicroTimestamp": _instant("micros"),
    f"{_DEBEZIUM}.NanoTimestamp": _instant("nanos"),
}
