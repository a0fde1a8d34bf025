"""Columns of Arrow arrays as JSON, by the type of the column in the file and of the column in the contract.

A value is written as the doors read it from text: exactly, or so that no column of that type accepts it. What
the contract's type can't hold becomes an object with one member, named like the type in the file:
`{"INTERVAL": "P1M0DT0.000S"}`. A door refuses that value with a reason that names column, type and value, and
reports whatever else is wrong with the row.

NaN is a value and not null. pandas writes its own NaN as null.
"""

import json
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from struct import unpack
from typing import TYPE_CHECKING, Any
from uuid import UUID

from expectations.contract import Column
from expectations.spellings import columns_by_spelling
from jobs.reading.formats.arrow_json import arrays, objects, quoted, tagged, where_valid
from jobs.reading.formats.arrow_times import (
    Texts,
    are_before_gregorian,
    are_midnights,
    days,
    durations,
    instants,
    times,
)
from jobs.reading.formats.exact_numbers import NUMBER_KINDS, with_exact_value

if TYPE_CHECKING:
    import pyarrow as pa

type Convert = Callable[["pa.Array[Any]"], "pa.Array[Any]"]  # values -> their JSON, null where there is none

ANY = Column("", "any")  # of values that no column of the contract has
_NESTED = ("struct", "list")
_WHOLE_KINDS = ("int", "long", "decimal")
_BEYOND_LONG = 2.0**63
_LARGEST_DECIMAL = 1e38  # as a double it is 99999999999999997748809823456034029568: 38 digits
INTERVAL = "INTERVAL"  # three numbers of 32 bits: months, days, milliseconds
JULIAN = "Julian calendar"  # days that the file counts so that they have the dates of that calendar
UNSUPPORTED = "arrow.opaque"  # the extension type of values that have no other meaning than their type's name


def converter(kind: "pa.DataType", column: Column) -> Convert:
    """Converts arrays of the type. Compiled once for a file: the types of its columns do not change."""
    import pyarrow as pa

    if isinstance(kind, pa.BaseExtensionType):
        return _extension(kind, column)
    for is_of, make in _makers():
        if is_of(kind):
            return make(kind, column)
    return partial(_unknown, column)


def _makers() -> Sequence[tuple[Callable[[Any], bool], Callable[[Any, Column], Convert]]]:
    from pyarrow import types

    return (
        (types.is_null, lambda kind, column: _nothing),
        (types.is_boolean, lambda kind, column: _as_text),
        (types.is_integer, lambda kind, column: _as_text),
        (types.is_floating, lambda kind, column: partial(_floating, column)),
        (types.is_decimal, _decimal),
        (_any_of("string", "large_string", "string_view"), lambda kind, column: partial(_text, column)),
        (
            _any_of("binary", "large_binary", "binary_view", "fixed_size_binary"),
            lambda kind, column: partial(_bytes, column),
        ),
        (types.is_timestamp, lambda kind, column: partial(_timestamp, column)),
        (types.is_date, lambda kind, column: partial(_date, column)),
        (types.is_time, lambda kind, column: partial(_other_time, column, "time", times)),
        (types.is_duration, lambda kind, column: partial(_other_time, column, "duration", durations)),
        (types.is_dictionary, _dictionary),
        (types.is_struct, _struct),
        (types.is_map, _map),
        (_any_of("list", "large_list", "fixed_size_list", "list_view", "large_list_view"), _list),
    )


def _any_of(*names: str) -> Callable[[Any], bool]:
    """Whether a type is one of those that pyarrow has under these names."""
    from pyarrow import types

    tests = [getattr(types, f"is_{name}") for name in names]
    return lambda kind: any(test(kind) for test in tests)


def refused(column: Column, name: str, texts: "pa.Array[Any]") -> "pa.Array[Any]":
    """JSON that a column of this type does not accept, with the name of the value's type and its text."""
    return quoted(texts) if column.kind in _NESTED else tagged(name, texts)


def _nothing(values: "pa.Array[Any]") -> "pa.Array[Any]":
    import pyarrow as pa

    return pa.nulls(len(values), pa.string())


def _as_text(values: "pa.Array[Any]") -> "pa.Array[Any]":
    import pyarrow as pa

    return values.cast(pa.string())


def _floating(column: Column, values: "pa.Array[Any]") -> "pa.Array[Any]":
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
        return _as_text(values.cast(pa.float64()))
    if values.type == pa.float16():
        # Arrow writes a half float with all digits of its value.
        texts = _as_text(values.cast(pa.float32())) if column.kind == "float" else _each(values, _half_text)
    else:
        texts = _as_text(values)
    if column.kind not in _WHOLE_KINDS:
        return texts
    exact = values.cast(pa.float64())
    is_whole = pc.equal(pc.trunc(exact), exact)
    is_long = pc.and_(is_whole, pc.less(pc.abs(exact), _BEYOND_LONG))
    long = pc.if_else(is_long, exact, pa.scalar(0.0)).cast(pa.int64())
    texts = pc.if_else(is_long, _as_text(long), texts)
    is_larger = pc.and_not(pc.and_(is_whole, pc.less_equal(pc.abs(exact), _LARGEST_DECIMAL)), is_long)
    if not pc.any(is_larger).as_py():
        return texts
    larger = pc.if_else(is_larger, exact, pa.scalar(0.0))
    return pc.if_else(is_larger, quoted(_each(larger, lambda one: str(int(one)))), texts)


def _half_text(number: float) -> str:
    from numpy import float16

    return str(float16(number))


def _decimal(kind: "pa.DataType", column: Column) -> Convert:
    """Decimals, in quotes for a column of numbers: JSON numbers of many digits are read as doubles."""
    return (lambda values: quoted(_as_text(values))) if column.kind in NUMBER_KINDS else _as_text


def _text(column: Column, values: "pa.Array[Any]") -> "pa.Array[Any]":
    import pyarrow as pa

    texts = values.cast(pa.string())
    try:
        texts.validate(full=True)
    except pa.ArrowInvalid:  # bytes that the writer marked as UTF-8
        return _utf8(column, texts.cast(pa.binary()))
    return quoted(texts)


def _bytes(column: Column, values: "pa.Array[Any]") -> "pa.Array[Any]":
    """Bytes for a column of bytes; else the text that they are, since many writers mark no text as such."""
    import pyarrow as pa

    content = values.cast(pa.binary())
    return quoted(_base64(content)) if column.kind == "binary" else _utf8(column, content)


def _utf8(column: Column, content: "pa.Array[Any]") -> "pa.Array[Any]":
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


def _timestamp(column: Column, values: "pa.Array[Any]") -> "pa.Array[Any]":
    import pyarrow.compute as pc

    texts = instants(values)
    if column.kind == "date":
        day = pc.utf8_slice_codeunits(texts.values, 0, len("YYYY-MM-DD"))
        texts = Texts(pc.if_else(are_midnights(values), day, texts.values), texts.beyond)
    return _of_calendar(column, "timestamp", texts)


def _date(column: Column, values: "pa.Array[Any]") -> "pa.Array[Any]":
    return _of_calendar(column, "date", days(values))


def _of_calendar(column: Column, name: str, texts: Texts) -> "pa.Array[Any]":
    import pyarrow.compute as pc

    if column.kind not in ("string", "date", "timestamp", ANY.kind):
        return refused(column, name, texts.values)
    if texts.beyond is None:
        return quoted(texts.values)
    return pc.if_else(texts.beyond, refused(column, name, texts.values), quoted(texts.values))


def _julian(column: Column, convert: Convert, values: "pa.Array[Any]") -> "pa.Array[Any]":
    """Days before the Gregorian calendar are refused: another one has other dates for them."""
    import pyarrow.compute as pc
    from pyarrow import types

    texts = days(values) if types.is_date(values.type) else instants(values)
    return pc.if_else(are_before_gregorian(values), refused(column, JULIAN, texts.values), convert(values))


def _other_time(column: Column, name: str, to_text: Convert, values: "pa.Array[Any]") -> "pa.Array[Any]":
    texts = to_text(values)
    return quoted(texts) if column.kind in ("string", ANY.kind) else refused(column, name, texts)


def _extension(kind: Any, column: Column) -> Convert:
    storage = converter(kind.storage_type, column)
    name = kind.extension_name
    if name == "arrow.uuid" and column.kind != "binary":
        return lambda values: quoted(_each(_stored(values), lambda one: str(UUID(bytes=one))))
    if name == "arrow.json" and column.kind in _NESTED:
        return lambda values: _each(_stored(values), partial(_json, column))
    if name == UNSUPPORTED and kind.type_name == JULIAN:
        return partial(_julian, column, storage)
    if name == UNSUPPORTED and column.kind != "binary":
        shown = _interval if kind.type_name == INTERVAL else str
        return lambda values: refused(column, kind.type_name, _each(_stored(values), shown))
    return lambda values: storage(_stored(values))


def _stored(values: "pa.Array[Any]") -> "pa.Array[Any]":
    """The values of an extension array; a file's column may have an extension type by its schema alone."""
    import pyarrow as pa

    return values.storage if isinstance(values, pa.ExtensionArray) else values


def _each(values: "pa.Array[Any]", text: Callable[[Any], str]) -> "pa.Array[Any]":
    import pyarrow as pa

    return pa.array([None if one is None else text(one) for one in values.to_pylist()], pa.string())


def _json(column: Column, text: str) -> str:
    """The value of a JSON text; the text itself if it is no JSON."""
    from pydantic_core import from_json

    try:
        from_json(text, allow_inf_nan=False)
    except ValueError:
        return json.dumps(text)
    return with_exact_value(text, column)


def _interval(content: bytes) -> str:
    months, in_days, millis = unpack("<III", content)
    return f"P{months}M{in_days}DT{millis / 1000:.3f}S"


def _dictionary(kind: Any, column: Column) -> Convert:
    convert = converter(kind.value_type, column)

    def of_indices(values: Any) -> "pa.Array[Any]":
        if len(values.dictionary) > len(values):
            return convert(values.dictionary_decode())
        return convert(values.dictionary).take(values.indices)

    return of_indices


def _struct(kind: Any, column: Column) -> Convert:
    import pyarrow as pa

    columns = by_spelling(column.fields if column.kind == "struct" else ())
    names = [field.name for field in kind]
    members = [converter(field.type, columns.get(field.name, ANY)) for field in kind]
    if not members:
        return lambda values: where_valid(values, pa.array(["{}"] * len(values), pa.string()))
    return lambda values: objects(
        names, [convert(values.field(at)) for at, convert in enumerate(members)], values
    )


def _list(kind: Any, column: Column) -> Convert:
    import pyarrow.compute as pc

    items = converter(kind.value_type, column.fields[0] if column.kind == "list" else ANY)
    return lambda values: arrays(pc.list_value_length(values), items(values.flatten()))


def _map(kind: Any, column: Column) -> Convert:
    """An array of objects with key and value; for a struct, an object with the keys as names."""
    import pyarrow as pa

    if column.kind == "struct":
        return partial(_members_of_map, converter(kind.key_type, ANY), _by_key(kind.item_type, column))
    entry = pa.struct([pa.field("key", kind.key_type), pa.field("value", kind.item_type)])
    as_list = _list(pa.list_(entry), column)
    return lambda values: as_list(_entries(values))


def _entries(values: "pa.Array[Any]") -> "pa.Array[Any]":
    """The entries of maps as lists of structs: Arrow has no functions for maps."""
    import pyarrow as pa

    kind = values.type
    return values.cast(
        pa.list_(pa.struct([pa.field("key", kind.key_type), pa.field("value", kind.item_type)]))
    )


def _by_key(kind: "pa.DataType", column: Column) -> Callable[[Any, Any], "pa.Array[Any]"]:
    """Converts values, each as the field of the struct that its key (as JSON text) names."""
    import pyarrow.compute as pc

    others = converter(kind, ANY)
    fields = {
        json.dumps(name, ensure_ascii=False): converter(kind, field)
        for name, field in by_spelling(column.fields).items()
    }

    def convert(keys: "pa.Array[Any]", values: "pa.Array[Any]") -> "pa.Array[Any]":
        found = others(values)
        for name, of_field in fields.items():
            found = pc.if_else(pc.equal(keys, name), of_field(values), found)
        return found

    return convert


def _members_of_map(
    to_key: Convert, to_value: Callable[[Any, Any], "pa.Array[Any]"], values: "pa.Array[Any]"
) -> "pa.Array[Any]":
    import pyarrow.compute as pc

    lists = _entries(values)
    pairs = lists.flatten()
    keys = to_key(pairs.field(0))
    names = pc.if_else(pc.starts_with(keys, '"'), keys, quoted(keys))
    members = pc.binary_join_element_wise(
        names, to_value(names, pairs.field(1)), ": ", null_handling="replace", null_replacement="null"
    )
    listed = arrays(pc.list_value_length(lists), members)
    return pc.binary_join_element_wise("{", pc.utf8_slice_codeunits(listed, 1, -1), "}", "")


def _unknown(column: Column, values: "pa.Array[Any]") -> "pa.Array[Any]":
    return refused(column, str(values.type), _each(values, str))


def by_spelling(columns: Sequence[Column]) -> Mapping[str, Column]:
    """The columns by each name that a file may have for them."""
    by_name = {column.name: column for column in columns}
    return {spelled: by_name[name] for spelled, name in columns_by_spelling(columns).items()}
