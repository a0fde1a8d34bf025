"""One row as each door receives it: JSON Lines, CSV, Parquet, a stream record, a line of an export."""

import io
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from expectations.align import align
from expectations.contract import Column, Contract
from expectations.keys import InvalidKey, encode_key
from expectations.spellings import spellings
from jobs.reading.formats.registry import read_rows
from jobs.reading.formats.rows import UnreadableFile
from lambdas.exact_json import dumps
from tests.jobs.builders import record
from tests.jobs.row_values import is_of, native


class Sent(NamedTuple):
    """A row as one door receives it, and the row of a message with the same content."""

    door: str
    payload: str | None
    problem: str | None
    same: dict[str, Any]


def through_the_doors(contract: Contract, row: dict[str, Any]) -> Iterator[Sent]:
    (line,) = read_rows("jsonl", io.BytesIO(dumps(row).encode()), contract)
    yield Sent("drop.jsonl", line.payload, line.problem, row)
    if (fields := as_csv(contract, row)) is not None:
        text, same = fields
        try:
            received = list(read_rows("csv", io.BytesIO(text.encode()), contract))
        except UnreadableFile:
            pass  # a column is missing, or comes twice: its file is refused
        else:
            # A row of empty fields alone is none.
            yield from (Sent("drop.csv", line.payload, line.problem, same) for line in received)
    if (table := as_parquet(contract, row)) is not None:
        content, same = table
        (line,) = read_rows("parquet", io.BytesIO(content), contract)
        yield Sent("drop.parquet", line.payload, line.problem, same)
    if set(row) <= {"colour", *(column.name for column in contract.columns)} and only_own_names(
        contract, row
    ):
        item = {name: attribute(column_of(contract, name), value) for name, value in row.items()}
        aligned, _ = align(contract, row)
        try:
            key = encode_key(contract, aligned)
        except InvalidKey:
            key = "none"
        item["_key"] = {"S": key}
        yield Sent("stream", json.dumps(record("INSERT", key, new=item)), None, row)
        yield Sent("export", json.dumps({"Item": item}), None, row)


def as_csv(contract: Contract, row: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """A file with the row, and its content: all of it is text, except booleans, structs and lists."""
    fields: dict[str, str] = {}
    same: dict[str, Any] = {}
    names = {spelling for column in contract.columns for spelling in spellings_of(contract, column)}
    for name, value in row.items():
        column = column_of(contract, name)
        if name not in names or column is None:
            return None
        if value is None:
            fields[name], same[name] = "", None
            continue
        if column.kind in ("struct", "list"):
            if not isinstance(value, (dict, list)):
                return None
            text = dumps(value)
            same[name] = value
        elif isinstance(value, (dict, list)) or (column.kind == "boolean" and not isinstance(value, bool)):
            return None
        else:
            text = value if isinstance(value, str) else dumps(value)
            same[name] = value if column.kind == "boolean" else text
            if column.kind != "string" and not text.strip():
                same[name] = None
        fields[name] = '"' + text.replace('"', '""') + '"'
    header = ",".join('"' + name.replace('"', '""') + '"' for name in fields)
    return f"{header}\n{','.join(fields.values())}\n", same


def as_parquet(contract: Contract, row: dict[str, Any]) -> tuple[bytes, dict[str, Any]] | None:
    """A file with the row, if its values are of the types of the columns; a struct has all of its fields."""
    aligned, _ = align(contract, row)
    names = {column.name for column in contract.columns}
    if set(aligned) - names or not {*contract.key, contract.sequence_column or contract.key[0]} <= set(
        aligned
    ):
        return None
    try:
        same = {
            column.name: whole(column, aligned[column.name])
            for column in contract.columns
            if column.name in aligned
        }
        columns = {
            column.name: pa.array([native(column, same[column.name])], arrow_type(column))
            for column in contract.columns
            if column.name in same
        }
        file = io.BytesIO()
        pq.write_table(pa.table(columns), file)
        list(read_rows("parquet", io.BytesIO(file.getvalue()), contract))
    except (WrongType, pa.ArrowInvalid, UnreadableFile, OverflowError):
        return None
    return file.getvalue(), same


class WrongType(Exception):
    """Raised when a value can't stand in a Parquet column of its column's type."""


def whole(column: Column, value: Any) -> Any:
    """The value with null for each field that a struct lacks: a Parquet struct has them all."""
    if value is None:
        return None
    if column.kind == "struct":
        if not isinstance(value, dict) or set(value) - {field.name for field in column.fields}:
            raise WrongType
        return {field.name: whole(field, value.get(field.name)) for field in column.fields}
    if column.kind == "list":
        if not isinstance(value, list):
            raise WrongType
        return [whole(column.fields[0], item) for item in value]
    if not is_of(column, value):
        raise WrongType
    return value


def arrow_type(column: Column) -> pa.DataType:
    match column.kind:
        case "decimal":
            return pa.decimal128(*column.precision_scale)
        case "struct":
            return pa.struct([pa.field(field.name, arrow_type(field)) for field in column.fields])
        case "list":
            return pa.list_(arrow_type(column.fields[0]))
    return {
        "string": pa.string(), "int": pa.int32(), "long": pa.int64(), "float": pa.float32(),
        "double": pa.float64(), "boolean": pa.bool_(), "date": pa.date32(),
        "timestamp": pa.timestamp("us", "UTC"), "binary": pa.binary(),
    }[column.kind]  # fmt: skip


def attribute(column: Column | None, value: Any) -> dict[str, Any]:  # noqa: PLR0911
    """A JSON value as a DynamoDB attribute; text of a binary column as bytes, where it is base64."""
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case int() | Decimal() | float():
            return {"N": str(value)}
        case dict():
            fields = {field.name: field for field in column.fields} if column else {}
            return {"M": {name: attribute(fields.get(name), inner) for name, inner in value.items()}}
        case list():
            element = column.fields[0] if column and column.kind == "list" else None
            return {"L": [attribute(element, item) for item in value]}
    if column is not None and column.kind == "binary" and is_of(column, value.strip()):
        return {"B": value.strip()}
    return {"S": value}


def column_of(contract: Contract, name: str) -> Column | None:
    return next((column for column in contract.columns if name in spellings_of(contract, column)), None)


def spellings_of(contract: Contract, column: Column) -> tuple[str, ...]:
    return spellings(contract.columns)[column.name]


def only_own_names(contract: Contract, row: dict[str, Any]) -> bool:
    """Whether all names inside are the columns' own, as in items."""

    def own(column: Column | None, value: Any) -> bool:
        if column is not None and column.kind == "struct" and isinstance(value, dict):
            fields = {field.name: field for field in column.fields}
            return all(
                (name in fields and own(fields[name], inner)) or name == "colour"
                for name, inner in value.items()
            )
        if column is not None and column.kind == "list" and isinstance(value, list):
            return all(own(column.fields[0], item) for item in value)
        return True

    return all(own(column_of(contract, name), value) for name, value in row.items())
