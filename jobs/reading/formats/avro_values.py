"""Values of Avro as JSON, exact, by their type in the file and the type of their column in the contract.

fastavro's own logical types are Python's: they end at the year 9999 and at microseconds, and an error ends
the block. So a file is read by its schema with other names of logical types (`readable_schema`), for which
fastavro calls the functions here.
"""

from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from functools import cache, partial
from math import isfinite
from struct import error as struct_error
from struct import pack, unpack
from typing import Any
from uuid import UUID

from expectations.contract import Column
from expectations.spellings import columns_by_spelling
from jobs.reading.formats.exact_numbers import NUMBER_KINDS, exact_value

_TYPES = {
    "null", "boolean", "int", "long", "float", "double", "bytes", "string",
    "record", "error", "enum", "array", "map", "fixed",
}  # fmt: skip
_KEPT = ("type", "name", "namespace", "symbols", "size")
_OURS = "glueline-"  # in front of the name of a logical type
_DAY = 86_400  # seconds
_EPOCH = date(1970, 1, 1).toordinal() - 1  # days since 0001-01-01
_CYCLE_YEARS, _CYCLE_DAYS = 400, 146_097  # after which the calendar repeats
_UTC = "+00:00"
_UNITS = {"millis": 3, "micros": 6, "nanos": 9}  # digits of the fraction
_MIDNIGHTS = ("T00:00:00", f"T00:00:00{_UTC}")
_UUID_BYTES, _DURATION_BYTES = 16, 12


class Instant(str):
    """A timestamp as text."""

    __slots__ = ()


class ShortFloat(float):
    """A float of 32 bits: its shortest text is shorter than that of the double of the same value."""

    __slots__ = ()


def readable_schema(schema: Any) -> Any:
    """The schema with our logical types, and without what does not matter to a reader, such as defaults."""
    match schema:
        case list():
            return [readable_schema(one) for one in schema]
        case str():
            return {"type": schema, "logicalType": f"{_OURS}float"} if schema == "float" else schema
        case {"type": str(kind)} if kind not in _TYPES:
            return kind  # the name of a type
        case {"type": str(kind)}:
            plain = {name: schema[name] for name in _KEPT if name in schema}
            if kind == "array" and not _takes_bytes(schema["items"]):
                raise ValueError("expected arrays of values that take bytes, got any number of nulls in none")
            inner = {name: readable_schema(schema[name]) for name in ("items", "values") if name in schema}
            return plain | inner | _fields(schema) | _logical(schema)
        case {"type": inner}:
            return readable_schema(inner)
    raise ValueError(f"expected a schema of Avro, got {schema!r}")


def _takes_bytes(schema: Any) -> bool:
    """Whether a value takes a byte at least: others could come in any number."""
    match schema:
        case {"type": "record" | "error", "fields": fields}:
            return any(_takes_bytes(field["type"]) for field in fields)
        case {"type": "fixed", "size": size}:
            return bool(size)
        case {"type": inner}:
            return _takes_bytes(inner)
    return bool(schema != "null")


def _fields(schema: Mapping[str, Any]) -> dict[str, Any]:
    if "fields" not in schema:
        return {}
    return {
        "fields": [{"name": one["name"], "type": readable_schema(one["type"])} for one in schema["fields"]]
    }


def _logical(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The logical type of a schema by our name, if it is one of the specification; another is passed over."""
    kind = schema["type"]
    name = _OURS + ("float" if kind == "float" else str(schema.get("logicalType")))
    return {"logicalType": name, "scale": schema.get("scale", 0)} if f"{kind}-{name}" in _READERS else {}


def register() -> None:
    """Make fastavro read our logical types."""
    from fastavro.read import LOGICAL_READERS

    LOGICAL_READERS.update(_READERS)


def json_value(column: Column | None, value: Any) -> Any:  # noqa: PLR0911 -- one for each kind of value
    """A value that was read, as JSON has it for a column; None is one that the contract does not have."""
    kind = None if column is None else column.kind
    match value:
        case dict():
            columns = by_spelling(column.fields if column is not None and kind == "struct" else ())
            return {name: json_value(columns.get(name), inner) for name, inner in value.items()}
        case list():
            element = column.fields[0] if column is not None and kind == "list" else None
            return [json_value(element, inner) for inner in value]
        case bytes():
            # Text of writers that don't mark it as such. What is no UTF-8 becomes the problem of its row.
            return b64encode(value).decode() if kind == "binary" else value.decode(errors="surrogateescape")
        case Instant():
            return value[: -len(end)] if kind == "date" and (end := _midnight(value)) else str(value)
        case float() if kind in NUMBER_KINDS and isfinite(value):
            # As a double, the shortest text of a smaller float is another number.
            return plain_text(float(value) if kind == "double" else value)
        case float() | Decimal():
            return exact_value(column, value)
    return value


def _midnight(instant: str) -> str:
    """The end of an instant that is the midnight of a day; empty if it is none."""
    return next((end for end in _MIDNIGHTS if instant.endswith(end)), "")


@cache
def by_spelling(columns: tuple[Column, ...]) -> Mapping[str, Column]:
    """The columns by each name that a file may have for them."""
    by_name = {column.name: column for column in columns}
    return {spelled: by_name[name] for spelled, name in columns_by_spelling(columns).items()}


def plain_text(value: float) -> str:
    """The shortest text that reads as the same finite number, without an exponent."""
    if isinstance(value, ShortFloat):
        shortest = next(text for digits in range(6, 10) if _as_float(text := f"{value:.{digits}g}") == value)
    else:
        shortest = repr(float(value))
    plain = f"{Decimal(shortest):f}"
    return plain.removesuffix(".0")


def _as_float(text: str) -> float:
    try:
        number: float = unpack("<f", pack("<f", float(text)))[0]
    except (OverflowError, struct_error):
        return float("nan")
    return number


def _short(value: float, *_: Any) -> ShortFloat:
    return ShortFloat(value)


def _decimal(value: bytes, schema: Mapping[str, Any], *_: Any) -> Decimal:
    unscaled = int.from_bytes(value, signed=True)
    return Decimal(f"{unscaled}E-{schema['scale']}")  # exact, unlike arithmetic, which rounds to 28 digits


def _day(days: int, *_: Any) -> str:
    """The day; with a sign and as many digits of the year as it needs beyond the year 9999."""
    cycles, rest = divmod(days + _EPOCH, _CYCLE_DAYS)
    day = date.fromordinal(rest + 1)
    year = day.year + cycles * _CYCLE_YEARS
    return f"{year:04d}{day:-%m-%d}" if 0 < year <= 9999 else f"{year:+06d}{day:-%m-%d}"


def _time(digits: int, value: int, *_: Any) -> str:
    """A time of the day; a number that is none as it is."""
    seconds, fraction = divmod(value, 10**digits)
    return f"{_clock(seconds)}{_fraction(fraction, digits)}" if 0 <= seconds < _DAY else str(value)


def _timestamp(digits: int, zone: str, value: int, *_: Any) -> Instant:
    seconds, fraction = divmod(value, 10**digits)
    days, of_day = divmod(seconds, _DAY)
    return Instant(f"{_day(days)}T{_clock(of_day)}{_fraction(fraction, digits)}{zone}")


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def _fraction(fraction: int, digits: int) -> str:
    """None, six or nine digits: the form of a time does not depend on its unit."""
    if not fraction:
        return ""
    nanos = f"{fraction:0{digits}d}".ljust(9, "0")
    return f".{nanos[:6] if nanos.endswith('000') else nanos}"


def _uuid(value: bytes, *_: Any) -> str | bytes:
    return str(UUID(bytes=value)) if len(value) == _UUID_BYTES else value


def _duration(value: bytes, *_: Any) -> str | bytes:
    if len(value) != _DURATION_BYTES:
        return value
    months, days, millis = unpack("<III", value)
    return f"P{months}M{days}DT{millis // 1000}.{millis % 1000:03d}S"


_READERS: dict[str, Callable[..., Any]] = {
    f"float-{_OURS}float": _short,
    f"bytes-{_OURS}decimal": _decimal,
    f"fixed-{_OURS}decimal": _decimal,
    f"fixed-{_OURS}uuid": _uuid,
    f"fixed-{_OURS}duration": _duration,
    f"int-{_OURS}date": _day,
    f"int-{_OURS}time-millis": partial(_time, 3),
    f"long-{_OURS}time-micros": partial(_time, 6),
    **{
        f"long-{_OURS}{local}timestamp-{unit}": partial(_timestamp, digits, zone)
        for unit, digits in _UNITS.items()
        for local, zone in (("", _UTC), ("local-", ""))
    },
}  # fmt: skip
