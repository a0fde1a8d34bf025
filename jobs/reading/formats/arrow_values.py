"""Columns of Arrow arrays as JSON, by the type of the column in the file and of the column in the contract.

`arrow_scalars` has the values of each type; this module finds the type of a column, also inside structs,
lists, maps, dictionaries and extension types.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from expectations.contract import Column
from expectations.spellings import columns_by_spelling
from jobs.reading.formats.arrow_json import arrays, objects, quoted, where_valid
from jobs.reading.formats.arrow_scalars import (
    ANY,
    JULIAN,
    NESTED,
    Convert,
    as_text,
    byte_strings,
    dates,
    decimals,
    each,
    floats,
    interval_text,
    json_value,
    julian_days,
    nulls,
    other_times,
    refused,
    texts_of,
    timestamps,
    unknown,
)
from jobs.reading.formats.arrow_times import durations, times

if TYPE_CHECKING:
    import pyarrow as pa

INTERVAL = "INTERVAL"  # three numbers of 32 bits: months, days, milliseconds
UNSUPPORTED = "arrow.opaque"  # the extension type of values that have no other meaning than their type's name


def converter(kind: "pa.DataType", column: Column) -> Convert:
    """Converts arrays of the type. Compiled once for a file: the types of its columns do not change."""
    import pyarrow as pa

    if isinstance(kind, pa.BaseExtensionType):
        return _extension(kind, column)
    for is_of, make in _makers():
        if is_of(kind):
            return make(kind, column)
    return partial(unknown, column)


def _makers() -> Sequence[tuple[Callable[[Any], bool], Callable[[Any, Column], Convert]]]:
    from pyarrow import types

    return (
        (types.is_null, lambda kind, column: nulls),
        (types.is_boolean, lambda kind, column: as_text),
        (types.is_integer, lambda kind, column: as_text),
        (types.is_floating, lambda kind, column: partial(floats, column)),
        (types.is_decimal, decimals),
        (_any_of("string", "large_string", "string_view"), lambda kind, column: partial(texts_of, column)),
        (
            _any_of("binary", "large_binary", "binary_view", "fixed_size_binary"),
            lambda kind, column: partial(byte_strings, column),
        ),
        (types.is_timestamp, lambda kind, column: partial(timestamps, column)),
        (types.is_date, lambda kind, column: partial(dates, column)),
        (types.is_time, lambda kind, column: partial(other_times, column, "time", times)),
        (types.is_duration, lambda kind, column: partial(other_times, column, "duration", durations)),
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


def _extension(kind: Any, column: Column) -> Convert:
    storage = converter(kind.storage_type, column)
    name = kind.extension_name
    if name == "arrow.uuid" and column.kind != "binary":
        return lambda values: quoted(each(_stored(values), lambda one: str(UUID(bytes=one))))
    if name == "arrow.json" and column.kind in NESTED:
        return lambda values: each(_stored(values), partial(json_value, column))
    if name == UNSUPPORTED and kind.type_name == JULIAN:
        return partial(julian_days, column, storage)
    if name == UNSUPPORTED and column.kind != "binary":
        shown = interval_text if kind.type_name == INTERVAL else str
        return lambda values: refused(column, kind.type_name, each(_stored(values), shown))
    return lambda values: storage(_stored(values))


def _stored(values: "pa.Array[Any]") -> "pa.Array[Any]":
    """The values of an extension array; a file's column may have an extension type by its schema alone."""
    import pyarrow as pa

    return values.storage if isinstance(values, pa.ExtensionArray) else values


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


def by_spelling(columns: Sequence[Column]) -> Mapping[str, Column]:
    """The columns by each name that a file may have for them."""
    by_name = {column.name: column for column in columns}
    return {spelled: by_name[name] for spelled, name in columns_by_spelling(columns).items()}
