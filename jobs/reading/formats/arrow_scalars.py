"""Arrow arrays of numbers, texts, bytes and times as JSON, by the type of the contract's column.

A value is written as the doors read it from text: exactly, or so that no column of that type accepts it. What
the contract's type can't hold becomes an object with one member, named like the type in the file:
`{"INTERVAL": "P1M0DT0.000S"}`. A door refuses that value with a reason that names column, type and value, and
reports whatever else is wrong with the row.

NaN is a value and not null. pandas writes its own NaN as null.
"""

import json
from base64 import b64encode
from collections.abc import Callable
from struct import unpack
from typing import TYPE_CHECKING, Any

from expectations.contract import Column
from jobs.reading.formats.arrow_json import quoted, tagged
from jobs.reading.formats.arrow_times import Texts, are_before_gregorian, are_midnights, days, instants
from jobs.reading.formats.exact_numbers import NUMBER_KINDS, with_exact_value

if TYPE_CHECKING:
    import pyarrow as pa

type Convert = Callable[["pa.Array[Any]"], "pa.Array[Any]"]  # values -> their JSON, null where there is none

ANY = Column("", "any")  # of values that no column of the contract has
NESTED = ("struct", "list")
JULIAN = "Julian calendar"  # days that the file counts so that they have the dates of that calendar
_WHOLE_KINDS = ("int", "long", "decimal")
_BEYOND_LONG = 2.0**63
_LARGEST_DECIMAL = 1e38  # as a double it is 99999999999999997748809823456034029568: 38 digits


def refused(column: Column, name: str, texts: "pa.Array[Any]") -> "pa.Array[Any]":
    """JSON that a column of this type does not accept, with the name of the value's type and its text."""
    return quoted(texts) if column.kind in NESTED else tagged(name, texts)


def nulls(values: "pa.Array[Any]") -> "pa.Array[Any]":
    import pyarrow as pa

    return pa.nulls(len(values), pa.string())


def as_text(values: "pa.Array[Any]") -> "pa.Array[Any]":
    import pyarrow as pa

    return values.cast(pa.string())


def floats(column: Column, values: "pa.Array[Any]") -> "pa.Array[Any]":
    """Floats as the shortest text that reads as the same float; whole numbers exactly."""
    import pyarrow.compute as pc

    texts = _of_floats(column, values)
    finite = pc.is_finite(values)
    if pc.all(finite).as_py() is not False:
        return texts
    others = quoted(texts) if column.kind in NUMBER_KINDS else refused(column, str(values.type), texts)
    return pc.if_else(finite, texts, others)


def _of_floats(column: Column, values: "pa.Array[Any]") -> "pa.Array[Any]":
    import pyarrow as pa
    import pyarrow.compute as pc

    if column.kind == "double":  # the shortest text of a smaller float reads as another double
        return as_text(values.cast(pa.float64()))
    if values.type == pa.float16():
        # Arrow writes a half float with all digits of its value.
        texts = as_text(values.cast(pa.float32())) if column.kind == "float" else each(values, _half_text)
    else:
        texts = as_text(values)
    if column.kind not in _WHOLE_KINDS:
        return texts
    exact = values.cast(pa.float64())
    is_whole = pc.equal(pc.trunc(exact), exact)
    is_long = pc.and_(is_whole, pc.less(pc.abs(exact), _BEYOND_LONG))
    long = pc.if_else(is_long, exact, pa.scalar(0.0)).cast(pa.int64())
    texts = pc.if_else(is_long, as_text(long), texts)
    is_larger = pc.and_not(pc.and_(is_whole, pc.less_equal(pc.abs(exact), _LARGEST_DECIMAL)), is_long)
    if not pc.any(is_larger).as_py():
        return texts
    larger = pc.if_else(is_larger, exact, pa.scalar(0.0))
    return pc.if_else(is_larger, quoted(each(larger, lambda one: str(int(one)))), texts)


def _half_text(number: float) -> str:
    from numpy import float16

    return str(float16(number))


def decimals(kind: "pa.DataType", column: Column) -> Convert:
    """Decimals, in quotes for a column of numbers: JSON numbers of many digits are read as doubles."""
    return (lambda values: quoted(as_text(values))) if column.kind in NUMBER_KINDS else as_text


def texts_of(column: Column, values: "pa.Array[Any]") -> "pa.Array[Any]":
    import pyarrow as pa

    texts = values.cast(pa.string())
    try:
        texts.validate(full=True)
    except pa.ArrowInvalid:  # bytes that the writer marked as UTF-8
        return _as_utf8(column, texts.cast(pa.binary()))
    return quoted(texts)


def byte_strings(column: Column, values: "pa.Array[Any]") -> "pa.Array[Any]":
    """Bytes for a column of bytes; else the text that they are, since many writers mark no text as such."""
    import pyarrow as pa

    content = values.cast(pa.binary())
    return quoted(_base64(content)) if column.kind == "binary" else _as_utf8(column, content)


def _as_utf8(column: Column, content: "pa.Array[Any]") -> "pa.Array[Any]":
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        return quoted(content.cast(pa.string()))
    except pa.ArrowInvalid:
        texts = pa.array(map(_decoded, content.to_pylist()), pa.string())
        return pc.coalesce(quoted(texts), refused(column, "bytes", _base64(content)))


def _decoded(content: bytes | None) -> str | None:
    try:
        return None if content is None else content.decode()
    except UnicodeDecodeError:
        return None


def _base64(content: "pa.Array[Any]") -> "pa.Array[Any]":
    import pyarrow as pa

    return pa.array(
        [None if one is None else b64encode(one).decode() for one in content.to_pylist()], pa.string()
    )


def timestamps(column: Column, values: "pa.Array[Any]") -> "pa.Array[Any]":
    import pyarrow.compute as pc

    texts = instants(values)
    if column.kind == "date":
        day = pc.utf8_slice_codeunits(texts.values, 0, len("YYYY-MM-DD"))
        texts = Texts(pc.if_else(are_midnights(values), day, texts.values), texts.beyond)
    return _of_calendar(column, "timestamp", texts)


def dates(column: Column, values: "pa.Array[Any]") -> "pa.Array[Any]":
    return _of_calendar(column, "date", days(values))


def _of_calendar(column: Column, name: str, texts: Texts) -> "pa.Array[Any]":
    import pyarrow.compute as pc

    if column.kind not in ("string", "date", "timestamp", ANY.kind):
        return refused(column, name, texts.values)
    if texts.beyond is None:
        return quoted(texts.values)
    return pc.if_else(texts.beyond, refused(column, name, texts.values), quoted(texts.values))


def julian_days(column: Column, convert: Convert, values: "pa.Array[Any]") -> "pa.Array[Any]":
    """Days before the Gregorian calendar are refused: another one has other dates for them."""
    import pyarrow.compute as pc
    from pyarrow import types

    texts = days(values) if types.is_date(values.type) else instants(values)
    return pc.if_else(are_before_gregorian(values), refused(column, JULIAN, texts.values), convert(values))


def other_times(column: Column, name: str, to_text: Convert, values: "pa.Array[Any]") -> "pa.Array[Any]":
    texts = to_text(values)
    return quoted(texts) if column.kind in ("string", ANY.kind) else refused(column, name, texts)


def interval_text(content: bytes) -> str:
    months, in_days, millis = unpack("<III", content)
    return f"P{months}M{in_days}DT{millis / 1000:.3f}S"


def each(values: "pa.Array[Any]", text: Callable[[Any], str]) -> "pa.Array[Any]":
    import pyarrow as pa

    return pa.array([None if one is None else text(one) for one in values.to_pylist()], pa.string())


def json_value(column: Column, text: str) -> str:
    """The value of a JSON text; the text itself if it is no JSON."""
    from pydantic_core import from_json

    try:
        from_json(text, allow_inf_nan=False)
    except ValueError:
        return json.dumps(text)
    return with_exact_value(text, column)


def unknown(column: Column, values: "pa.Array[Any]") -> "pa.Array[Any]":
    return refused(column, str(values.type), each(values, str))
