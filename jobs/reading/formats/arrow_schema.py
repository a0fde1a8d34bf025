"""The leaves of Arrow's schemas and arrays: with types for what a file says beyond Arrow's, and values."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from jobs.reading.formats.arrow_scalars import JULIAN

if TYPE_CHECKING:
    import pyarrow as pa

type Change = Callable[["pa.DataType"], "pa.DataType"]


def with_leaves(schema: "pa.Schema", change: Change) -> "pa.Schema":
    """The schema with each type that has no types inside changed, in the order of the file's columns."""
    import pyarrow as pa

    fields = [field.with_type(_changed(field.type, change)) for field in schema]
    return pa.schema(fields, metadata=schema.metadata)


def _changed(kind: "pa.DataType", change: Change) -> "pa.DataType":
    import pyarrow as pa
    from pyarrow import types

    if types.is_struct(kind):
        return pa.struct([field.with_type(_changed(field.type, change)) for field in kind])
    if types.is_map(kind):
        return pa.map_(_changed(kind.key_type, change), _changed(kind.item_type, change))
    for is_of, make in (
        (types.is_list, pa.list_),
        (types.is_large_list, pa.large_list),
        (types.is_list_view, pa.list_view),
        (types.is_large_list_view, pa.large_list_view),
        (types.is_fixed_size_list, lambda field: pa.list_(field, kind.list_size)),
    ):
        if is_of(kind):
            return make(kind.value_field.with_type(_changed(kind.value_type, change)))
    return change(kind)


def leaves_of(values: "pa.Array[Any]") -> "Iterator[pa.Array[Any]]":
    """The arrays without others inside that an array consists of."""
    from pyarrow import types

    if types.is_struct(values.type):
        for member in values.flatten():
            yield from leaves_of(member)
    elif types.is_map(values.type):
        yield from leaves_of(values.keys)
        yield from leaves_of(values.items)
    elif types.is_nested(values.type) and not types.is_union(values.type):
        yield from leaves_of(values.flatten())
    else:
        yield values


def of_julian_calendar(schema: "pa.Schema") -> "pa.Schema":
    """The schema of a file whose days before 1582-10-15 are of the Julian calendar, or may be."""
    import pyarrow as pa

    def change(kind: "pa.DataType") -> "pa.DataType":
        return pa.opaque(kind, JULIAN, "Glueline") if has_days(kind) else kind

    return with_leaves(schema, change)


def has_days(kind: "pa.DataType") -> bool:
    """Whether values of the type are days, or times of a day."""
    import pyarrow as pa

    return bool(pa.types.is_timestamp(kind) or pa.types.is_date(kind))
