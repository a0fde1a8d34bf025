"""Text and DynamoDB attributes become values of a contract's types exactly, or are of another type."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from expectations.contract import Column
from jobs.changes import types
from jobs.changes.forms import ATTRIBUTES, JSON
from jobs.changes.nested import NESTED, read_nested
from jobs.changes.types import ATTRIBUTE, Read

if TYPE_CHECKING:
    from pyspark.sql import Column as Expression
    from pyspark.sql import SparkSession

WRONG = object()
NINES = "9" * 20 + "." + "9" * 18
STRUCT = Column(
    "place", "struct<street: string, n: int>", fields=(Column("street", "string"), Column("n", "int"))
)

TEXTS: list[tuple[str, str, Any]] = [
    # type, text, value
    ("int", "5", 5),
    ("int", "-5", -5),
    ("int", " 5 ", 5),
    ("int", "5.0", 5),
    ("int", "5e2", 500),
    ("int", "50e-1", 5),
    ("int", "", WRONG),
    ("int", "\u2003\t5\xa0", 5),
    ("int", "5.5", WRONG),
    ("int", "5e-1", WRONG),
    ("int", ".5", WRONG),
    ("int", "-.05", WRONG),
    ("int", ".0", 0),
    ("int", "5.", 5),
    ("decimal(38,0)", ".4", WRONG),
    ("decimal(38,0)", ".5", WRONG),
    ("int", "five", WRONG),
    ("int", "2147483648", WRONG),
    ("int", "0E-10", 0),
    ("long", "9223372036854775807", 9223372036854775807),
    ("long", "9223372036854775808", WRONG),
    ("decimal(10,2)", "1.10", Decimal("1.10")),
    ("decimal(10,2)", "1", Decimal("1.00")),
    ("decimal(10,2)", ".5", Decimal("0.50")),
    ("decimal(10,2)", "1.1000", Decimal("1.10")),
    ("decimal(10,2)", "1.5E+3", Decimal("1500.00")),
    ("decimal(10,2)", "12.5e-1", Decimal("1.25")),
    ("decimal(10,2)", "-0.00E-10", Decimal("0.00")),
    ("decimal(10,2)", "1E-10", WRONG),
    ("decimal(10,2)", "1.005", WRONG),
    ("decimal(10,2)", "12.55e-1", WRONG),
    ("decimal(10,2)", "123456789.00", WRONG),
    ("decimal(10,2)", "1,10", WRONG),
    ("decimal(38,18)", NINES, Decimal(NINES)),
    ("decimal(38,0)", "1.5E0", WRONG),
    ("double", "2.5", 2.5),
    ("double", "1e400", WRONG),
    ("double", "NaN", WRONG),
    ("double", "1d", WRONG),
    ("boolean", "True", True),
    ("boolean", "false", False),
    ("boolean", "yes", WRONG),
    ("date", "2024-02-29", date(2024, 2, 29)),
    ("date", "2024-02-29T00:00:00", date(2024, 2, 29)),
    ("date", "2024-02-30", WRONG),
    ("date", "20240229", date(2024, 2, 29)),
    ("date", "20240230", WRONG),
    ("date", "2024-02-29T12:00:00", WRONG),
    ("date", "2024", WRONG),
    ("timestamp", "2024-02-29T12:30:00Z", datetime(2024, 2, 29, 12, 30, tzinfo=UTC)),
    ("timestamp", "2024-02-29 12:30", datetime(2024, 2, 29, 12, 30, tzinfo=UTC)),
    ("timestamp", "2024-02-29T12:30:00.123456789", datetime(2024, 2, 29, 12, 30, 0, 123456, tzinfo=UTC)),
    ("timestamp", "2024-02-29T14:30:00+02:00", datetime(2024, 2, 29, 12, 30, tzinfo=UTC)),
    ("timestamp", "2024-02-29T14:30:00+0200", datetime(2024, 2, 29, 12, 30, tzinfo=UTC)),
    ("timestamp", "2024-02-29", datetime(2024, 2, 29, tzinfo=UTC)),
    ("timestamp", "20240229T143000.5+0200", datetime(2024, 2, 29, 12, 30, 0, 500000, tzinfo=UTC)),
    ("timestamp", "20240230T143000Z", WRONG),
    ("timestamp", "20240229", datetime(2024, 2, 29, tzinfo=UTC)),
    ("timestamp", "2024-02-29t12", datetime(2024, 2, 29, 12, tzinfo=UTC)),
    ("timestamp", "2024-02-29T1230", datetime(2024, 2, 29, 12, 30, tzinfo=UTC)),
    ("timestamp", "2024-02-29T12:30:00,5 +02", datetime(2024, 2, 29, 10, 30, 0, 500000, tzinfo=UTC)),
    ("timestamp", "2017-03-02T11:53:26,5Z", datetime(2017, 3, 2, 11, 53, 26, 500000, tzinfo=UTC)),
    ("timestamp", "2017-03-02T11Z", datetime(2017, 3, 2, 11, tzinfo=UTC)),
    ("timestamp", "20170302T1153Z", datetime(2017, 3, 2, 11, 53, tzinfo=UTC)),
    ("timestamp", "2024-02-29T12:30.5", WRONG),
    ("timestamp", "2024-02-29T12:30:60", WRONG),
    ("timestamp", "2024-02-29T12:30:00+18:00", datetime(2024, 2, 28, 18, 30, tzinfo=UTC)),
    ("timestamp", "2024-02-29T12:30:00+18:01", WRONG),
    ("timestamp", "2024-02-29T12:30:00+02:60", WRONG),
    ("timestamp", "20240229T12:30", datetime(2024, 2, 29, 12, 30, tzinfo=UTC)),
    ("timestamp", "2024-02-29+02:00", datetime(2024, 2, 28, 22, tzinfo=UTC)),
    ("timestamp", "2024-0229T12:30", WRONG),
    ("timestamp", "2024-02-29T12:3000", WRONG),
    ("timestamp", "12:30", WRONG),
    ("timestamp", "2024-02-29T25:00:00Z", WRONG),
    ("timestamp", "0001-01-03T00:00:00Z", datetime(1, 1, 3, tzinfo=UTC)),
    ("timestamp", "0001-01-01T00:00:00+01:00", WRONG),
    ("timestamp", "0000-06-01T00:00:00Z", WRONG),
    ("timestamp", "9999-12-29T00:00:00Z", datetime(9999, 12, 29, tzinfo=UTC)),
    ("timestamp", "9999-12-31T23:59:59-01:00", WRONG),
    ("date", "0000-06-01", WRONG),
    ("binary", "aGk=", bytearray(b"hi")),
    ("binary", "%", WRONG),
    ("binary", "aGk", WRONG),
    ("binary", "a Gk=", WRONG),
    ("binary", "", bytearray()),
    ("string", "", ""),
    ("string", " a ", "a"),
    ("string", "\u2003 \x1c", ""),
    ("string", "\u200ba ", "\u200ba"),
    ("list<int>", "[1,2.0,null]", [1, 2, None]),
    ("list<int>", '[1,"x"]', WRONG),
    ("list<int>", "1", WRONG),
    ("struct", '{"street":"A","n":1}', ("A", 1)),
    ("struct", '{"street":"A"}', ("A", None)),
    ("struct", '{"street":"A","n":"x"}', WRONG),
    ("struct", "A", WRONG),
]

ATTRIBUTE_CASES: list[tuple[str, dict[str, Any] | None, Any]] = [
    # type, attribute, value
    ("int", {"N": "5"}, 5),
    ("int", {"S": "5"}, 5),
    ("int", {"BOOL": "true"}, WRONG),
    ("int", {"NULL": "true"}, None),
    ("int", None, None),
    ("decimal(38,18)", {"N": NINES}, Decimal(NINES)),
    ("string", {"S": ""}, ""),
    ("string", {"N": "5"}, WRONG),
    ("string", {"M": "{}"}, WRONG),
    ("string", {"S": "\xa0a\n"}, "a"),
    ("int", {"S": " 5 "}, 5),
    ("int", {"S": ""}, WRONG),
    ("boolean", {"BOOL": "true"}, True),
    ("date", {"S": "2024-02-29"}, date(2024, 2, 29)),
    ("timestamp", {"S": "2024-02-29T12:30:00Z"}, datetime(2024, 2, 29, 12, 30, tzinfo=UTC)),
    ("binary", {"B": "aGk="}, bytearray(b"hi")),
    ("binary", {"S": "aGk="}, WRONG),
    ("list<int>", {"L": '[{"N":"2"},{"N":"1"},{"NULL":true}]'}, [2, 1, None]),
    ("list<int>", {"L": '[{"S":"x"}]'}, WRONG),
    ("list<int>", {"NS": '["10","9"]'}, [9, 10]),
    ("list<string>", {"SS": '["b","a"]'}, ["a", "b"]),
    ("list<int>", {"S": "1"}, WRONG),
    ("struct", {"M": '{"street":{"S":"A"},"n":{"N":"1"}}'}, ("A", 1)),
    ("struct", {"M": '{"street":{"NULL":true}}'}, (None, None)),
    ("struct", {"M": '{"n":{"S":"x"}}'}, WRONG),
]


def column(kind: str) -> Column:
    if kind == "struct":
        return STRUCT
    element = kind.removeprefix("list<").removesuffix(">")
    return Column("c", kind, fields=(Column("element", element),) if element != kind else ())


def test_text_is_read_exactly_or_is_of_another_type(spark: "SparkSession") -> None:
    found = read_cases(spark, TEXTS, "string", read_text)

    assert found == TEXTS


def test_attributes_are_read_exactly_or_are_of_another_type(spark: "SparkSession") -> None:
    found = read_cases(spark, ATTRIBUTE_CASES, ATTRIBUTE, read_attribute)

    assert found == ATTRIBUTE_CASES


def read_cases(spark: "SparkSession", cases: list[Any], given: str, read: Callable[..., Read]) -> list[Any]:
    """The cases with the values that are read."""
    from pyspark.sql import functions as F

    rows = [(number, kind, case) for number, (kind, case, _) in enumerate(cases)]
    frame = spark.createDataFrame(rows, f"number int, kind string, given {given}")
    kinds = dict.fromkeys(kind for kind, _, _ in cases)
    reads = {kind: read(column(kind), F.col("given")) for kind in kinds}
    found = {
        row["number"]: row
        for kind, read_ in reads.items()
        for row in frame.where(F.col("kind") == kind)
        .select("number", read_.value.alias("value"), read_.wrong.alias("wrong"))
        .collect()
    }
    return [
        (kind, case, WRONG if found[number]["wrong"] else in_utc(found[number]["value"]))
        for number, (kind, case, _) in enumerate(cases)
    ]


def read_text(column: Column, text: "Expression") -> Read:
    from pyspark.sql import functions as F

    if column.kind not in NESTED:
        return types.read_text(column, text)
    return of_nested(read_nested(JSON, column, F.coalesce(F.try_parse_json(text), F.parse_json(F.lit("0")))))


def read_attribute(column: Column, attribute: "Expression") -> Read:
    if column.kind not in NESTED:
        return types.read_attribute(column, attribute)
    return of_nested(read_nested(ATTRIBUTES, column, attribute))


def of_nested(read: "Expression") -> Read:
    from pyspark.sql import functions as F

    is_wrong = F.size(read["reasons"]) > 0
    return Read(F.when(~is_wrong, read["value"]), is_wrong)


def in_utc(value: Any) -> Any:
    return value.astimezone(UTC) if isinstance(value, datetime) else value
