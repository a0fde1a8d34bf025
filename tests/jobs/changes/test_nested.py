"""Rules inside structs and lists apply to files and items too, and reasons name the path."""

import json
from typing import TYPE_CHECKING, Any

from expectations.contract import Column, Contract, Limits
from jobs.doors.drop import parse_drop
from jobs.doors.stream import parse_stream
from tests.jobs.builders import received, record

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ADDRESS = Column(
    "address",
    "struct<street: string, zip: string, floor: int>",
    fields=(
        Column(
            "street", "string", required=True, aliases=("road",), limits=Limits(min_length=1, max_length=8)
        ),
        Column("zip", "string", limits=Limits(pattern="^[0-9]{5}$")),
        Column("floor", "int", default=0, has_default=True, limits=Limits(minimum=0, exclusive_maximum=100)),
    ),
)
LINE = Column(
    "element",
    "struct<sku: string, number_of: int>",
    fields=(Column("sku", "string", required=True), Column("number_of", "int", limits=Limits(minimum=1))),
)
ORDERS = Contract(
    dataset="orders",
    version="1",
    description="",
    columns=(
        Column("id", "long", required=True),
        ADDRESS,
        Column("lines", f"list<{LINE.type}>", fields=(LINE,)),
        Column(
            "tags",
            "list<string>",
            fields=(Column("element", "string", required=True),),
            limits=Limits(min_items=1, max_items=3),
        ),
        Column("codes", "list<decimal(38,10)>", fields=(Column("element", "decimal(38,10)"),)),
    ),
    key=("id",),
)
DIGITS = "1234567890123456789012345678.0123456789"
UNKNOWN = "unknown: expected the contract's columns, got also "

# What a row has besides its id, and the reasons against it.
CASES: list[tuple[str, list[str]]] = [
    ('{"address": {"street": "Main 1", "zip": "12345"}, "tags": ["a"], "lines": [{"sku": "S"}]}', []),
    ('{"address": null, "tags": null, "lines": []}', []),
    ('{"address": {"zip": "12345"}}', ["address.street.required: expected a value, got none"]),
    ('{"address": {"street": null}}', ["address.street.required: expected a value, got none"]),
    ('{"address": {"street": ""}}', ["address.street.length: expected 1 to 8 characters, got ''"]),
    (
        '{"address": {"street": "M", "zip": "ABC"}}',
        ["address.zip.pattern: expected text that matches ^[0-9]{5}$, got 'ABC'"],
    ),
    ('{"address": {"street": "M", "colour": null}}', [f"{UNKNOWN}address.colour"]),
    (
        '{"address": {"street": "M", "floor": 100}}',
        ["address.floor.range: expected at least 0 and less than 100, got '100'"],
    ),
    ('{"tags": []}', ["tags.items: expected 1 to 3 items, got 0"]),
    ('{"tags": ["a", "b", "c", "d"]}', ["tags.items: expected 1 to 3 items, got 4"]),
    ('{"tags": ["a", null]}', ["tags[1].required: expected a value, got none"]),
    (
        '{"lines": [{"sku": "S"}, {"number_of": 0, "size": 1}, null]}',
        [
            f"{UNKNOWN}lines[1].size",
            "lines[1].sku.required: expected a value, got none",
            "lines[1].number_of.range: expected at least 1, got '0'",
        ],
    ),
]  # fmt: skip
OF_JSON: list[tuple[str, list[str]]] = [
    ('{"address": {"road": " M ", "zip": " 12345"}}', []),
    ('{"address": {"road": "M", "street": "N"}}', [f"{UNKNOWN}address.road"]),
    ('{"address": "{}"}', [f"type: column address: expected {ADDRESS.type}, got '{{}}'"]),
    (
        '{"address": {"street": 1.5, "floor": "x"}}',
        [
            "type: column address.street: expected string, got the number 1.5; write it in quotes",
            "type: column address.floor: expected int, got 'x'",
        ],
    ),
    ('{"tags": [{"a": 1}]}', ["type: column tags[0]: expected string, got '{\"a\":1}'"]),
    ('{"tags": "a"}', ["type: column tags: expected list<string>, got 'a'"]),
]


def as_attribute(value: Any) -> dict[str, Any]:
    match value:
        case None:
            return {"NULL": True}
        case str():
            return {"S": value}
        case int():
            return {"N": str(value)}
        case list():
            return {"L": [as_attribute(item) for item in value]}
    return {"M": {name: as_attribute(inner) for name, inner in value.items()}}


def test_json_lines_have_a_reason_for_everything_wrong_inside(
    small_data_spark: "SparkSession",
) -> None:
    cases = [*CASES, *OF_JSON]
    rows = [f'{{"id": {number}, {text[1:]}' for number, (text, _) in enumerate(cases)]

    found = parse_drop(received(small_data_spark, rows), ORDERS).orderBy("row_number").collect()

    assert [(text, row["reasons"]) for (text, _), row in zip(cases, found, strict=True)] == cases
    assert [row["address"] for row in found[:2]] == [("Main 1", "12345", 0), None]
    assert found[len(CASES)]["address"] == ("M", "12345", 0)


def test_items_have_a_reason_for_everything_wrong_inside(small_data_spark: "SparkSession") -> None:
    records = [
        record("INSERT", str(number), new={name: as_attribute(value) for name, value in row.items()})
        for number, row in enumerate(
            {"id": number, **json.loads(text)} for number, (text, _) in enumerate(CASES)
        )
    ]

    found = parse_stream(received(small_data_spark, records), ORDERS).orderBy("row_number").collect()

    assert [(text, row["reasons"]) for (text, _), row in zip(CASES, found, strict=True)] == CASES
    assert [row["address"] for row in found[:2]] == [("Main 1", "12345", 0), None]


def test_numbers_inside_keep_their_digits(small_data_spark: "SparkSession") -> None:
    text = f'{{"id": 1, "codes": [{DIGITS}, "{DIGITS}", null]}}'

    (row,) = parse_drop(received(small_data_spark, [text]), ORDERS).collect()

    assert ([str(code) for code in row["codes"]], row["reasons"]) == ([DIGITS, DIGITS, "None"], [])


def test_the_first_of_many_reasons_are_kept(small_data_spark: "SparkSession") -> None:
    (row,) = parse_drop(received(small_data_spark, [{"id": 1, "lines": [{}] * 150}]), ORDERS).collect()

    assert len(row["reasons"]) == 100


def test_a_delete_needs_nothing_inside(small_data_spark: "SparkSession") -> None:
    (row,) = parse_drop(
        received(small_data_spark, [{"id": 1, "_op": "delete", "address": {"colour": 1}}]), ORDERS
    ).collect()

    assert row["reasons"] == []
