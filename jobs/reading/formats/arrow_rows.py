"""Rows of Arrow batches as JSON by a contract, and the keys that they have: the same code decides both."""

import json
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from expectations.contract import Column, Contract
from expectations.spelled_keys import JsonNumber
from jobs.reading.formats.arrow_json import objects
from jobs.reading.formats.arrow_scalars import ANY, Convert, refused
from jobs.reading.formats.arrow_values import by_spelling, converter
from jobs.reading.formats.header import OP
from jobs.reading.formats.rows import KeysToErase, ReceivedRow

if TYPE_CHECKING:
    import pyarrow as pa

type RowsOf = Callable[["pa.RecordBatch", int], Iterator[ReceivedRow]]

_MOST_BYTES = 128 * 1024 * 1024  # of values in Arrow whose JSON is made at once


def rows_reader(schema: "pa.Schema", contract: Contract, left_out: Sequence[str] = ()) -> RowsOf:
    """Reads batches of the schema as rows that are numbered from the given number on."""
    columns = {**by_spelling(contract.columns), OP: Column(OP, "string")}
    taken = [at for at, name in enumerate(schema.names) if name not in left_out]
    names = [schema.names[at] for at in taken]
    converts = [_guarded(schema.field(at).type, columns.get(schema.names[at], ANY)) for at in taken]

    def payloads(batch: "pa.RecordBatch") -> "pa.Array[Any]":
        values = [convert(batch.column(at)) for at, convert in zip(taken, converts, strict=True)]
        return objects(names, values)

    def rows(batch: "pa.RecordBatch", first: int) -> Iterator[ReceivedRow]:
        for part in _parts(batch):
            for number, payload in enumerate(payloads(part).to_pylist(), first):
                yield ReceivedRow(number, payload)
            first += part.num_rows

    return rows


def _guarded(kind: "pa.DataType", column: Column) -> Convert:
    """A converter that refuses the values of an array which Arrow itself can't convert."""
    convert = converter(kind, column)

    def guarded(values: "pa.Array[Any]") -> "pa.Array[Any]":
        import pyarrow as pa

        try:
            return convert(values)
        except (pa.ArrowException, ValueError, OverflowError) as problem:
            text = pa.array([str(problem)] * len(values), pa.string())
            return refused(column, str(values.type), text)

    return guarded


def _parts(batch: "pa.RecordBatch") -> Iterator["pa.RecordBatch"]:
    """The batch in parts: the JSON of large values must not fill the memory, nor one array of texts."""
    if batch.num_rows <= 1 or _size(batch) <= _MOST_BYTES:
        yield batch
        return
    half = batch.num_rows // 2
    yield from _parts(batch.slice(0, half))
    yield from _parts(batch.slice(half))


def _size(batch: "pa.RecordBatch") -> int:
    """Its bytes. The Arrow of Glue knows of views only the size of all that they are a part of."""
    import pyarrow as pa

    try:
        size: int = batch.nbytes
    except pa.ArrowTypeError:
        size = batch.get_total_buffer_size()
    return size


def are_of_keys(batch: "pa.RecordBatch", keys: KeysToErase) -> list[bool]:
    """Of each row, whether it has one of the keys: as it is read, or was read in an earlier version.

    A column of the key may come twice, in files that no door takes: any of them may be meant.
    """
    given = {
        column.name: [
            _readings(values, column)
            for name, values in zip(batch.schema.names, batch.columns, strict=True)
            if name in keys.names[column.name]
        ]
        for column in keys.contract.columns
    }
    return [
        keys.own_values(
            {name: [one for values in found for one in values[row]] for name, found in given.items()}
        )
        for row in range(batch.num_rows)
    ]


def _readings(values: "pa.Array[Any]", column: Column) -> list[list[Any]]:
    now = [_from_json(text) for text in _guarded(values.type, column)(values).to_pylist()]
    return [[read, *earlier] for read, earlier in zip(now, map(list, _earlier(values)), strict=True)]


def _from_json(text: str | None) -> Any:
    return None if text is None else json.loads(text, parse_int=JsonNumber, parse_float=JsonNumber)


def _earlier(values: "pa.Array[Any]") -> Iterator[Iterator[Any]]:
    """Of each value, what earlier versions made of it, which wrote Python's values as JSON."""
    for value in _python_values(values):
        yield _json_values(value)


def _python_values(values: "pa.Array[Any]") -> list[Any]:
    """The values; None for one that Python does not have, such as the year 10000 or an unknown zone."""

    def value_of(scalar: Any) -> Any:
        try:
            return scalar.as_py()
        except (ValueError, OverflowError, LookupError):
            return None

    try:
        found: list[Any] = values.to_pylist()
    except (ValueError, OverflowError, LookupError):
        return [value_of(scalar) for scalar in values]
    return found


def _json_values(value: Any) -> Iterator[Any]:
    match value:
        case None:
            return
        case bool() | str():
            yield value
        case int() | float():
            yield JsonNumber(repr(value))
        case Decimal():
            yield JsonNumber(f"{value:f}")
        case bytes():
            yield b64encode(value).decode()
            yield value.decode(errors="surrogateescape")  # rows that are no UTF-8 are shown as text
        case datetime() | date() | time():
            yield value.isoformat()
        case _:
            yield str(value)
