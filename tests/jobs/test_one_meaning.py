"""One contract has one meaning: a row gets the same verdict at every door, and becomes the same values.

Each row goes through each door that can carry it: as message, API body, JSON Lines, CSV, Parquet, stream
record and line of an export. What the doors of the queue and the API say are the violations of the JSON
Schema; what those of the jobs say are reasons. Both become (place, kind of rule).

Differences that are meant: a format that names its columns once for all rows is refused as a file if it names
another; all fields of CSV are text; items have the columns' own names; what DynamoDB can't store is refused
by the API alone.
"""

import base64
import io
import json
import re
import struct
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from expectations import timestamps
from expectations.align import align, spellings
from expectations.contract import Column, Contract
from expectations.json_schema import BASE64
from expectations.keys import InvalidKey, encode_key
from expectations.sequence import greatest_version, to_value
from jobs.checking.checked_dataset import add_rule_reasons
from jobs.doors.drop import parse_drop
from jobs.doors.export import parse_export
from jobs.doors.stream import parse_stream
from jobs.quality.validation import examine
from jobs.reading.fetch import UnreadableFile
from jobs.reading.formats import read_rows
from jobs.reading.receive import RECEIVED
from lambdas.data_api.changes import Checker, Event
from lambdas.data_api.problems import Problem
from lambdas.exact_json import dumps, loads
from lambdas.source.messages import Change, DeadLetter, Reader
from lambdas.validation import Validators, Violation
from tests.jobs.builders import SENT, record
from tests.jobs.received_rows import ReceivedCase, received_cases

if TYPE_CHECKING:
    from pyspark.sql import Row, SparkSession

type Fault = tuple[str, str]  # place, kind of rule

_KEYWORDS = {
    "required": "required", "additionalProperties": "unknown", "type": "type", "format": "type",
    "multipleOf": "type", "minLength": "length", "maxLength": "length",
    "minItems": "items", "maxItems": "items",
    "minimum": "range", "maximum": "range", "exclusiveMinimum": "range", "exclusiveMaximum": "range",
    "formatMinimum": "range", "formatMaximum": "range",
    "formatExclusiveMinimum": "range", "formatExclusiveMaximum": "range",
}  # fmt: skip
_NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)  # it takes many runs of Spark
_OTHER_KEY = "key: expected the key of the item's columns"  # which the test makes up where a row has none


class Sent(NamedTuple):
    """A row as one door gets it, and the row of a message that says the same."""

    door: str
    payload: str | None
    problem: str | None
    same: dict[str, Any]


@pytest.mark.filterwarnings("ignore:Generating overly large repr")  # of sixty rows
@settings(max_examples=4, phases=_NO_SHRINKING, suppress_health_check=list(HealthCheck))
@given(case=received_cases())
def test_a_row_means_the_same_at_every_door(small_data_spark: "SparkSession", case: ReceivedCase) -> None:
    contract = case.contract
    sent = [one for row in case.rows for one in through_the_doors(contract, row)]
    checker = Judge(contract)

    judged = judge_in_jobs(small_data_spark, contract, sent)

    for one, row in zip(sent, judged, strict=True):
        expected, values = checker.judge(one.same)
        context = f"{one.door}: {one.payload}\nreasons: {row['reasons']}"
        assert faults_of_reasons(row["reasons"]) == first_found(contract, expected, values), context
        if not expected:
            assert plain(contract, row) == typed(contract, values), context


# --- the doors ----------------------------------------------------------------------------------------------


def through_the_doors(contract: Contract, row: dict[str, Any]) -> Iterator[Sent]:
    (line,) = read_rows("jsonl", io.BytesIO(dumps(row).encode()), contract)
    yield Sent("drop.jsonl", line.payload, line.problem, row)
    if (fields := as_csv(contract, row)) is not None:
        text, same = fields
        try:
            (line,) = read_rows("csv", io.BytesIO(text.encode()), contract)
        except UnreadableFile:
            pass  # a column is missing, or comes twice: its file is refused
        else:
            yield Sent("drop.csv", line.payload, line.problem, same)
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
    """A file with the row, and what it says: all of it is text, but for booleans, structs and lists."""
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
    except (NotOfTheType, pa.ArrowInvalid, UnreadableFile, OverflowError):
        return None
    return file.getvalue(), same


class NotOfTheType(Exception):
    """Raised when a value can't stand in a Parquet column of its column's type."""


def whole(column: Column, value: Any) -> Any:
    """The value with null for each field that a struct lacks: a Parquet struct has them all."""
    if value is None:
        return None
    if column.kind == "struct":
        if not isinstance(value, dict) or set(value) - {field.name for field in column.fields}:
            raise NotOfTheType
        return {field.name: whole(field, value.get(field.name)) for field in column.fields}
    if column.kind == "list":
        if not isinstance(value, list):
            raise NotOfTheType
        return [whole(column.fields[0], item) for item in value]
    if not is_of(column, value):
        raise NotOfTheType
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


def judge_in_jobs(spark: "SparkSession", contract: Contract, sent: list[Sent]) -> list["Row"]:
    """The parsed rows with all reasons, in the order of what was sent."""
    doors = {"drop": parse_drop, "stream": parse_stream, "export": parse_export}
    rows = [
        (f"s3://raw/{one.door}", SENT, number, one.payload, one.problem) for number, one in enumerate(sent)
    ]
    frame = spark.createDataFrame(rows, RECEIVED).coalesce(1)
    parsed = None
    for door, parse in doors.items():
        of_door = parse(frame.where(frame["source_file"].startswith(f"s3://raw/{door}")), contract)
        parsed = of_door if parsed is None else parsed.unionByName(of_door)
    assert parsed is not None
    parsed = parsed.cache()
    try:
        rules = examine(parsed, contract).row_rules
        judged = add_rule_reasons(parsed, rules) if rules else parsed
        return sorted(judged.collect(), key=lambda row: row["row_number"])
    finally:
        parsed.unpersist()


# --- verdicts -----------------------------------------------------------------------------------------------


class Judge:
    """What the queue and the API say of a row, which has to be the same."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        contracts = {contract.dataset: contract}
        validators = Validators(contracts)
        self.reader, self.checker = Reader(contracts, validators), Checker(contracts, validators)

    def judge(self, row: dict[str, Any]) -> tuple[set[Fault], dict[str, Any]]:
        """The faults of a row, and the row as it was aligned."""
        event = {"specversion": "1.0", "id": "1", "source": "s", "type": f"{self.contract.dataset}.upsert"}
        read = self.reader.read("m", dumps(event | {"data": row}))
        assert isinstance(read, (Change, DeadLetter))
        of_queue = list(read.violations) if isinstance(read, DeadLetter) else []
        of_queue = [violation._replace(path=violation.path.removeprefix("/data")) for violation in of_queue]
        try:
            self.checker.change(self.contract, "upsert", loads(dumps(row)), Event("id"))
            of_api: list[Violation] = []
        except Problem as problem:
            of_api = [one for one in problem.violations if one.rule != "storable"]
        assert of_queue == of_api
        aligned, _ = align(self.contract, row)
        return {fault_of(self.contract, aligned, violation) for violation in of_queue}, aligned


def fault_of(contract: Contract, aligned: dict[str, Any], violation: Violation) -> Fault:
    value: Any = aligned
    column: Column | None = None
    columns = {column.name: column for column in contract.columns}
    place = ""
    for part in violation.path.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, list):
            value = value[int(name)]
            column = column.fields[0] if column else None
            place += f"[{name}]"
        else:
            column = columns.get(name)
            value = value.get(name)
            place += f".{name}" if place else name
        columns = {field.name: field for field in column.fields} if column else {}
    if violation.rule == "pattern":
        kind = "pattern" if column is not None and column.kind == "string" else "type"
    else:
        kind = _KEYWORDS[violation.rule]
    if kind == "type" and value is None:
        kind = "required"
    if kind == "range" and column is not None and not is_of(column, value):
        kind = "type"
    return own_name(place) if kind == "unknown" else place, kind


def own_name(place: str) -> str:
    """Of the second name of a column that came twice, both doors may choose another one."""
    head, dot, name = place.rpartition(".")
    return f"{head}{dot}{re.sub(r'[^a-z0-9]', '', name.lower().replace(' (kg', '').replace('|2', ''))}"


def faults_of_reasons(reasons: list[str]) -> set[Fault]:
    return {fault for reason in reasons for fault in faults_of_reason(reason)}


def faults_of_reason(reason: str) -> Iterator[Fault]:
    if reason.startswith(_OTHER_KEY):
        return
    if found := re.match(r"type: column (.*?): expected", reason):
        yield found[1], "type"
    elif found := re.match(r"(key|version): column (.*?): expected a value", reason):
        yield found[2], "required"
    elif found := re.match(r"version: column (.*?): expected at most", reason):
        yield found[1], "range"
    elif found := re.match(r"key: column (.*?): expected a text, got an empty one", reason):
        yield found[1], "length"
    elif found := re.match(r"unknown: expected the contract's columns, got also (.*)$", reason):
        for place in found[1].split(", "):
            yield own_name(place), "unknown"
    elif found := re.match(r"(.*?)\.(required|range|length|pattern|items): ", reason):
        yield found[1], found[2]
    else:
        yield "", reason


def first_found(contract: Contract, faults: set[Fault], row: dict[str, Any]) -> set[Fault]:
    """What the jobs name: the rules of Great Expectations are asked of rows with no other fault alone."""
    nested = {column.name for column in contract.columns if column.kind in ("struct", "list")}
    decisive = {*contract.key, contract.sequence_column}

    def is_of_door(fault: Fault) -> bool:
        place, kind = fault
        return (
            kind in ("type", "unknown", "items")
            or (kind == "required" and place in decisive)
            or (kind == "range" and place == contract.sequence_column and is_at_end(row[place]))
            or (kind == "length" and row.get(place) == "" and place in contract.key)
            or (place not in nested and re.split(r"[.[]", place)[0] in nested)
        )

    def is_at_end(value: Any) -> bool:
        least = to_value(contract.column(contract.sequence_column or ""), greatest_version(contract))
        return bool(value > least if isinstance(value, int) else value[:-1] > least[:-1])

    return set(filter(is_of_door, faults)) or faults


# --- values -------------------------------------------------------------------------------------------------


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


def is_of(column: Column, value: Any) -> bool:
    """Whether an aligned value is one of the column's type."""
    if column.kind in ("int", "long", "decimal", "float", "double"):
        is_number = isinstance(value, (int, Decimal)) and not isinstance(value, bool)
        return is_number and _holds(column, Decimal(value))
    if column.kind == "boolean":
        return isinstance(value, bool)
    is_text: dict[str, Callable[[str], object]] = {
        "string": lambda _: True,
        "date": timestamps.is_date,
        "timestamp": timestamps.is_canonical,
        "binary": re.compile(BASE64).fullmatch,
    }
    return isinstance(value, str) and bool(is_text[column.kind](value))


def _holds(column: Column, number: Decimal) -> bool:
    if column.kind == "float":
        return abs(number) < 2**128 - 2**103
    if column.kind == "double":
        return abs(number) < 2**1024 - 2**970
    if column.kind == "decimal":
        precision, scale = column.precision_scale
        _, digits, exponent = number.as_tuple()
        text = "".join(map(str, digits)).rstrip("0")
        places = -(int(exponent) + len(digits) - len(text))  # behind the point, without zeros at the end
        return not number or (places <= scale and number.adjusted() < precision - scale)
    bits = 31 if column.kind == "int" else 63
    return number == number.to_integral_value() and -(2**bits) <= number < 2**bits


def native(column: Column, value: Any) -> Any:
    """An aligned value as Python has it, of the column's exact type."""
    if value is None:
        return None
    if column.kind == "struct":
        return {field.name: native(field, value.get(field.name)) for field in column.fields}
    if column.kind == "list":
        return [native(column.fields[0], item) for item in value]
    if column.kind == "decimal":
        return Decimal(f"{Decimal(value):.{column.precision_scale[1]}f}")
    return _NATIVE.get(column.kind, lambda value: value)(value)


_NATIVE: dict[str, Callable[[Any], Any]] = {
    "float": lambda value: struct.unpack("f", struct.pack("f", float(value)))[0],
    "double": float,
    "date": date.fromisoformat,
    "timestamp": timestamps.parse,
    "binary": base64.b64decode,
}


def typed(contract: Contract, aligned: dict[str, Any]) -> dict[str, Any]:
    return {column.name: native(column, aligned.get(column.name)) for column in contract.columns}


def plain(contract: Contract, row: "Row") -> dict[str, Any]:
    """The columns of a parsed row in the form of `typed`."""
    return {column.name: _plain(row[column.name]) for column in contract.columns}


def _plain(value: Any) -> Any:
    if hasattr(value, "asDict"):
        return {name: _plain(inner) for name, inner in value.asDict().items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, bytearray):
        return bytes(value)
    return value.astimezone(UTC) if isinstance(value, datetime) else value
