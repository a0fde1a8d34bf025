"""Results of the local engine in the types and values that Athena shows."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from sqlglot import exp

if TYPE_CHECKING:
    from workflows.query.dialect.nodes import Time


def finished(table: pa.Table, times: dict[str, Time]) -> pa.Table:
    """The table with intervals as durations and each timestamp in the zone that it is shown in."""
    for place, field in enumerate(table.schema):
        column = table.column(place)
        if field.type == pa.month_day_nano_interval():
            column = _durations(column)
        elif pa.types.is_timestamp(field.type) and field.type.tz:
            zone = times[field.name.lower()].zone if field.name.lower() in times else None
            if isinstance(zone, exp.Literal):
                column = column.cast(pa.timestamp(field.type.unit, zone.name))
        if column is not table.column(place):
            table = table.set_column(place, field.name, column)
    return table


def _durations(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Intervals of days and shorter; those of months stay as text: `1-2` is a year and two months."""
    values = column.to_pylist()
    if any(value is not None and value.months for value in values):
        texts = [None if value is None else f"{value.months // 12}-{value.months % 12}" for value in values]
        return pa.chunked_array([pa.array(texts, pa.string())])
    spans = [
        None if value is None else timedelta(days=value.days, microseconds=value.nanoseconds // 1000)
        for value in values
    ]
    return pa.chunked_array([pa.array(spans, pa.duration("us"))])


def values(column: pa.ChunkedArray | pa.Array) -> list[Any]:
    """A column as Python values: maps as dictionaries, rows without names as lists."""
    if isinstance(column, pa.ChunkedArray):
        return [value for chunk in column.chunks for value in values(chunk)]
    if pa.types.is_map(column.type):
        return [None if one is None else dict(one) for one in _nested(column)]
    if pa.types.is_list(column.type):
        return _nested(column)
    if pa.types.is_struct(column.type):
        names = [field.name for field in column.type]
        fields = zip(*(values(part) for part in column.flatten()), strict=True)
        is_named = all(names) and len(set(names)) == len(names)
        found = [dict(zip(names, row, strict=True)) if is_named else list(row) for row in fields]
        return [
            one if is_there else None
            for one, is_there in zip(found, column.is_valid().to_pylist(), strict=True)
        ]
    return list(column.to_pylist())


def _nested(column: pa.Array) -> list[Any]:
    items: list[Any]
    if pa.types.is_map(column.type):
        items = list(zip(values(column.keys), values(column.items), strict=True))
    else:
        items = values(column.values)
    ends = column.offsets.to_pylist()
    return [
        items[first:last] if is_there else None
        for first, last, is_there in zip(ends, ends[1:], column.is_valid().to_pylist(), strict=False)
    ]
