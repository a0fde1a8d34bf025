"""Limits inside structs and lists: each exceeded limit is a reason under the name of its rule."""

from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from expectations.contract import Column, Limits
from jobs.changes.limits import limit_reasons

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

EXACT = "0.100000000000000001"
# type, limits, value, reasons against it at the path `p`
CASES: list[tuple[str, Limits, Any, list[str]]] = [
    ("int", Limits(), 5, []),
    ("int", Limits(minimum=5, maximum=5), 5, []),
    ("int", Limits(minimum=6), 5, ["p.range: expected at least 6, got '5'"]),
    ("int", Limits(exclusive_minimum=5), 5, ["p.range: expected more than 5, got '5'"]),
    ("double", Limits(minimum=0, exclusive_maximum=1), 1.0,
     ["p.range: expected at least 0 and less than 1, got '1.0'"]),
    ("decimal(38,18)", Limits(maximum=0.1), EXACT, [f"p.range: expected at most 0.1, got '{EXACT}'"]),
    ("date", Limits(minimum="2026-01-02"), "2026-01-01",
     ["p.range: expected at least 2026-01-02, got '2026-01-01'"]),
    ("string", Limits(min_length=2), "a", ["p.length: expected at least 2 characters, got 'a'"]),
    ("string", Limits(min_length=1, max_length=2), "abc",
     ["p.length: expected 1 to 2 characters, got 'abc'"]),
    ("string", Limits(max_length=1, pattern="^[0-9]$"), "ab",
     ["p.length: expected at most 1 characters, got 'ab'",
      "p.pattern: expected text that matches ^[0-9]$, got 'ab'"]),
    ("int", Limits(multiple_of=5), 10, []),
    ("int", Limits(multiple_of=5), 12, ["p.multiple: expected a multiple of 5, got '12'"]),
    ("decimal(10,2)", Limits(multiple_of=0.05), "1.15", []),
    ("decimal(10,2)", Limits(multiple_of=0.05), "1.12",
     ["p.multiple: expected a multiple of 0.05, got '1.12'"]),
    ("double", Limits(multiple_of=0.5), 1.5, []),
    ("double", Limits(multiple_of=3), 1e22, ["p.multiple: expected a multiple of 3, got '1.0E22'"]),
    ("string", Limits(enum=("a", "b")), "b", []),
    ("string", Limits(enum=("a", "b")), "c", ["p.enum: expected one of a, b, got 'c'"]),
    ("int", Limits(enum=tuple(range(12))), 12,
     ["p.enum: expected one of 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more, got '12'"]),
    ("boolean", Limits(enum=(True,)), False, ["p.enum: expected one of True, got 'false'"]),
    ("decimal(38,18)", Limits(enum=(0.1,)), EXACT, [f"p.enum: expected one of 0.1, got '{EXACT}'"]),
    ("float", Limits(enum=(0.1,)), 0.1, []),
    ("timestamp", Limits(enum=("2026-01-01T00:00:00Z",)), "2026-01-01T00:00:00Z", []),
    ("string", Limits(not_in=("n/a",)), "n/a", ["p.missing: expected a value, which n/a is not, got 'n/a'"]),
    ("string", Limits(not_in=("n/a",)), "n", []),
]  # fmt: skip


def test_each_exceeded_limit_is_named(small_data_spark: "SparkSession") -> None:
    found = small_data_spark.range(1).select(
        *(
            limit_reasons(Column("c", kind, limits=limits), F.lit(value).cast(kind), F.lit("p"))
            for kind, limits, value, _ in CASES
        )
    )

    assert list(found.first() or ()) == [reasons for *_, reasons in CASES]


def test_items_of_a_list_are_counted(small_data_spark: "SparkSession") -> None:
    tags = Column("tags", "list<string>", limits=Limits(min_items=1, max_items=2))
    lists: list[list[str]] = [[], ["a"], ["a", "b", "c"]]

    found = small_data_spark.range(1).select(
        *(
            limit_reasons(tags, F.array(*map(F.lit, items)).cast("array<string>"), F.lit("tags"))
            for items in lists
        )
    )

    assert list(found.first() or ()) == [
        ["tags.items: expected 1 to 2 items, got 0"],
        [],
        ["tags.items: expected 1 to 2 items, got 3"],
    ]
