"""Arrow columns of every type with values, how they are read, and what a contract's column makes of them.

`expected` is the model: it knows the numbers that stand in the file and none of the code that reads them.
"""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from math import isfinite
from struct import pack, unpack
from typing import Any, NamedTuple

import pyarrow as pa
from hypothesis import strategies as st

from expectations.contract import Column
from jobs.reading.formats.arrow_values import converter

MIDNIGHT, TEN = datetime(2017, 3, 1, tzinfo=UTC), datetime(2017, 3, 1, 10, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_TEXTS = st.sampled_from(
    ["", "a", " a ", '"\\\n\x00é\U0001f600', "7", "7.0", "1.50", "1e2", "true", "2017-03-01",
     "2017-03-01T10:00:00Z", "2017-03-01 00:00:00", "YWJj", "nan"]
)  # fmt: skip
KINDS = (
    Column("x", "string"),
    Column("x", "int"),
    Column("x", "long"),
    Column("x", "decimal(10,2)"),
    Column("x", "decimal(38,0)"),
    Column("x", "float"),
    Column("x", "double"),
    Column("x", "boolean"),
    Column("x", "date"),
    Column("x", "timestamp"),
    Column("x", "binary"),
)


class Refused:
    """Stands for a value that a column can't hold."""


type Model = Callable[[Any, Column], Any]  # a value in the file -> value of the column, or Refused


class ArrowCase(NamedTuple):
    """A type, values as the file has them, how an array is made of them, and what they are in a contract."""

    kind: pa.DataType
    values: st.SearchStrategy[Any]
    model: Model

    def array(self, values: list[Any]) -> pa.Array:
        kind = self.kind
        if pa.types.is_timestamp(kind) or pa.types.is_time(kind) or pa.types.is_duration(kind):
            return pa.array(values, pa.int32() if kind.bit_width == 32 else pa.int64()).cast(kind)
        if pa.types.is_date(kind):
            return pa.array(values, pa.int32() if kind.bit_width == 32 else pa.int64()).cast(kind)
        if pa.types.is_dictionary(kind):
            return pa.array(values, kind.value_type).dictionary_encode()
        if kind == pa.uuid():
            return pa.ExtensionArray.from_storage(kind, pa.array(values, pa.binary(16)))
        return pa.array(values, kind)


def number(value: Decimal | int, column: Column) -> Any:
    """An exact number in a column of numbers."""
    exact = Decimal(value)
    match column.kind:
        case "int" | "long":
            bits = 31 if column.kind == "int" else 63
            fits = exact == exact.to_integral_value() and -(2**bits) <= exact < 2**bits
            return int(exact) if fits else Refused
        case "decimal":
            precision, scale = column.precision_scale
            whole = Fraction(exact) * 10**scale  # Decimal's own arithmetic rounds to 28 digits
            fits = whole.denominator == 1 and abs(whole) < 10**precision
            return exact if fits else Refused
        case "float":
            return _nearest_single(float(exact))
        case "double":
            return float(exact)
    return Refused


def of_float(digits: Callable[[float], str]) -> Model:
    """The model of a float whose shortest text `digits` writes."""

    def model(value: float, column: Column) -> Any:
        if not isfinite(value) or column.kind not in ("int", "long", "decimal", "float", "double"):
            return Refused
        if column.kind == "float" and abs(value) > unpack("f", b"\xff\xff\x7f\x7f")[0]:
            return Refused
        if column.kind in ("float", "double"):
            return number(Decimal(value), column)
        return number(Decimal(value) if value.is_integer() else Decimal(digits(value)), column)

    return model


def boolean(value: bool, column: Column) -> Any:
    return value if column.kind == "boolean" else Refused


def instant(unit: str, column: Column, value: int, zone: str) -> Any:
    """A time in the file; texts are in the form of Python, with nine digits where there are nanoseconds."""
    micros, rest = divmod(value * 10**9 // _PER_SECOND[unit], 1000)
    if not -62_135_596_800_000_000 <= micros < 253_402_300_800_000_000:
        return Refused
    at = _EPOCH + timedelta(microseconds=micros)
    match column.kind:
        case "timestamp":
            return at
        case "date":
            return at.date() if at.time() == time() and not rest else Refused
        case "string":
            text = at.replace(tzinfo=None).isoformat(timespec="microseconds" if rest else "auto")
            return text + (f"{rest:03}" if rest else "") + zone
    return Refused


def day(value: int, column: Column) -> Any:
    if not -719_162 <= value <= 2_932_896:
        return Refused
    found = date(1970, 1, 1) + timedelta(days=value)
    match column.kind:
        case "date":
            return found
        case "timestamp":
            return datetime(found.year, found.month, found.day, tzinfo=UTC)
        case "string":
            return found.isoformat()
    return Refused


def content(value: bytes, column: Column) -> Any:
    if column.kind == "binary":
        return value
    try:
        return text(value.decode(), column)
    except UnicodeDecodeError:
        return Refused


def text(value: str, column: Column) -> Any:
    return value.strip() if column.kind == "string" else None  # None: as any text is read


def only_text(shown: Callable[[Any], str]) -> Model:
    return lambda value, column: shown(value) if column.kind == "string" else Refused


def _instants(unit: str, zone: str | None = None) -> ArrowCase:
    per_day = 86_400 * _PER_SECOND[unit]
    ends = 2**63 - 1
    days_ = ends // per_day
    some = st.one_of(
        st.integers(-ends, ends),
        st.integers(-2 * per_day, 2 * per_day),
        st.integers(-min(days_, 800_000), min(days_, 3_000_000)).map(lambda one: one * per_day),
    )
    offset = "" if zone is None else "+00:00"
    return ArrowCase(
        pa.timestamp(unit, zone), some, lambda value, column: instant(unit, column, value, offset)
    )


def _decimal(kind: pa.DataType) -> ArrowCase:
    most = 10**kind.precision - 1
    some = st.integers(-most, most) | st.integers(-1000, 1000)
    return ArrowCase(kind, some.map(lambda one: _scaled(one, kind.scale)), number)


def _scaled(whole: int, scale: int) -> Decimal:
    sign, digits, _ = Decimal(whole).as_tuple()
    return Decimal((sign, digits, -scale))


def _nearest_single(value: float) -> float:
    """The float of 32 bits nearest to the value."""
    nearest: float = unpack("f", pack("f", value))[0]
    return nearest


def _shortest(value: float) -> str:
    """The shortest text of a float of 32 bits."""
    shown = (f"{value:.{places}g}" for places in range(1, 10))
    return next(text for text in shown if _nearest_single(float(text)) == value)


def _time_text(unit: str) -> Callable[[int], str]:
    def shown(value: int) -> str:
        micros, rest = divmod(value * 10**9 // _PER_SECOND[unit], 1000)
        at = (datetime(1970, 1, 1) + timedelta(microseconds=micros)).time()
        return at.isoformat("microseconds" if rest else "auto") + (f"{rest:03}" if rest else "")

    return shown


def _duration_text(unit: str) -> Callable[[int], str]:
    def shown(value: int) -> str:
        seconds = f"{Decimal(value) / _PER_SECOND[unit]:f}"
        return f"PT{seconds.rstrip('0').rstrip('.') if '.' in seconds else seconds}S"

    return shown


_BYTES = st.binary(max_size=6) | st.sampled_from([b"abc", b"\xff", "é".encode(), b" a "])
_CENTS = st.integers(-(2**24), 2**24).map(lambda whole: whole / 100)
_ENDS = st.sampled_from([2.0**31, 2.0**63, 1e38, 9.999999e37]).flatmap(
    lambda end: st.sampled_from([end, -end])
)
_DOUBLES = st.floats() | st.integers(-(2**70), 2**70).map(float) | _CENTS | _ENDS
CASES = (
    *(
        ArrowCase(kind, st.integers(least, most) | st.integers(max(least, -3), 3), number)
        for kind, least, most in (
            (pa.int8(), -128, 127), (pa.int16(), -(2**15), 2**15 - 1), (pa.int32(), -(2**31), 2**31 - 1),
            (pa.int64(), -(2**63), 2**63 - 1), (pa.uint8(), 0, 255), (pa.uint16(), 0, 2**16 - 1),
            (pa.uint32(), 0, 2**32 - 1), (pa.uint64(), 0, 2**64 - 1),
        )
    ),
    ArrowCase(pa.float64(), _DOUBLES, of_float(repr)),
    ArrowCase(pa.float32(), st.floats(width=32) | _CENTS.map(_nearest_single), of_float(_shortest)),
    _decimal(pa.decimal128(10, 2)), _decimal(pa.decimal128(38, 10)), _decimal(pa.decimal256(60, 3)),
    _decimal(pa.decimal128(4, -2)), _decimal(pa.decimal32(5, 2)), _decimal(pa.decimal64(12, 2)),
    ArrowCase(pa.bool_(), st.booleans(), boolean),
    *(ArrowCase(kind, _TEXTS, text) for kind in (
        pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string()),
    )),
    *(ArrowCase(kind, _BYTES, content) for kind in (pa.binary(), pa.large_binary(), pa.binary_view())),
    ArrowCase(pa.binary(4), st.sampled_from([b"ABCD", b"EF  ", b"\xff\xfe\xfd\xfc"]), content),
    *(_instants(unit, zone) for unit in _PER_SECOND for zone in (None, "UTC", "America/New_York", "tzutc()")),
    ArrowCase(pa.date32(), st.integers(-(2**31), 2**31 - 1) | st.integers(-800_000, 3_000_000), day),
    ArrowCase(pa.time32("s"), st.integers(0, 86_399), only_text(_time_text("s"))),
    ArrowCase(pa.time32("ms"), st.integers(0, 86_399_999), only_text(_time_text("ms"))),
    ArrowCase(pa.time64("us"), st.integers(0, 86_400 * 10**6 - 1), only_text(_time_text("us"))),
    ArrowCase(pa.time64("ns"), st.integers(0, 86_400 * 10**9 - 1), only_text(_time_text("ns"))),
    *(
        ArrowCase(pa.duration(unit), st.integers(-(2**62), 2**62), only_text(_duration_text(unit)))
        for unit in _PER_SECOND
    ),
)  # fmt: skip


@st.composite
def columns_of_files(draw: st.DrawFn) -> tuple[ArrowCase, list[Any], Column]:
    case = draw(st.sampled_from(CASES))
    return case, draw(st.lists(st.none() | case.values, max_size=8)), draw(st.sampled_from(KINDS))


def read(array: pa.Array, column: Column, kind: pa.DataType | None = None) -> list[Any]:
    """The JSON values of the array for the column."""
    found = converter(kind or array.type, column)(array)
    assert found.type == pa.string()
    return [None if one is None else json.loads(one, parse_float=Decimal) for one in found.to_pylist()]
