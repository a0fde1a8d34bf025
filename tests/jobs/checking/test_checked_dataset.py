"""All rows of a batch are counted once: by file, as accepted or quarantined, and by the rules they break."""

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from pyspark.sql import functions as F

from expectations.contract import Column, Rule
from expectations.odcs.metrics import Threshold, expectation_of_query
from expectations.sql.queries import Source, read_query
from jobs.checking import checked_dataset
from jobs.checking.checked_dataset import Counts, check_dataset, count_rows
from jobs.doors.stream import parse_stream
from jobs.intake.manifest import ManifestFile
from jobs.intake.results import FileCount
from jobs.lake.session import FEW_ROWS, LONG_EXPRESSIONS, configured
from jobs.quality.row_rules import RowRule
from jobs.quality.validation import RuleCounts, RuleNotEvaluated
from tests.builders import contracts
from tests.jobs.builders import EVENTS, received
from tests.jobs.checking.batches import parsed, put

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import SparkSession

pytestmark = pytest.mark.usefixtures("small_data_spark")
LOST = "superseded: expected the object with etag e, but it was replaced"
# File, operation, number, the reason that the door found, and the row's number.
ROWS = [
    ("s3://raw/a", "upsert", 1, [], 1),
    ("s3://raw/a", "upsert", -1, [], 2),
    ("s3://raw/a", "upsert", -2, ["type: expected int"], 3),
    ("s3://raw/a", "delete", -3, [], 4),
    ("s3://raw/a", "upsert", None, [LOST], None),
    ("s3://raw/b", "upsert", -9, [], 1),
    ("s3://raw/b", "upsert", 8, [], 2),
    ("s3://raw/b", "upsert", 8, [LOST], 3),  # a row that says so is a row
]


def file(name: str) -> ManifestFile:
    return ManifestFile("raw", name, "etag", None, 1, "2026-11-24T12:00:00Z", "things", "drop", "csv")


def test_rows_are_counted_by_file_and_by_rule(spark: "SparkSession") -> None:
    rules = (
        RowRule("positive", F.col("number") < 0, lambda: "it must be positive", ("number",)),
        RowRule("large", F.abs("number") < 9, lambda: "it must be large", ("number",)),
    )
    schema = "source_file string, _op string, number int, reasons array<string>, row_number long"

    found = count_rows(spark.createDataFrame(ROWS, schema), map(file, "acb"), "things", rules)

    assert found == Counts(
        files=(
            FileCount("things", "s3://raw/a", "drop", rows_read=4, accepted=1, quarantined=3, superseded=1),
            FileCount("things", "s3://raw/c", "drop", rows_read=0, accepted=0, quarantined=0),
            FileCount("things", "s3://raw/b", "drop", rows_read=3, accepted=0, quarantined=3),
        ),
        rules=RuleCounts(judged=4, broken_by={"positive": 2, "large": 3}),
    )


@pytest.mark.parametrize(
    "rule",
    [
        Rule("shop.range", "expect_column_values_to_be_between", {"column": "shop", "min_value": 0}),
        Rule("shop.named", "expect_column_values_to_match_regex", {"column": "reasons", "regex": "a"}),
    ],
    ids=lambda rule: rule.name,
)
def test_a_rule_that_fails_on_rows_is_named(
    spark: "SparkSession", monkeypatch: pytest.MonkeyPatch, rule: Rule
) -> None:
    schema = "source_file string, _op string, shop string, reasons array<string>"
    rows = spark.createDataFrame([("s3://raw/a", "upsert", "a", [])], schema)
    monkeypatch.setattr(checked_dataset, "parse_files", lambda *_: rows)
    contract = replace(EVENTS, rules=(rule,))

    with (
        pytest.raises(RuleNotEvaluated, match=f"got errors: {rule.name}: "),
        check_dataset(spark, [file("a")], contract),
    ):
        pytest.fail("a rule that fails has let rows through")


def test_a_query_that_fails_on_rows_is_broken_and_stops_no_row(
    small_data_spark: "SparkSession", monkeypatch: pytest.MonkeyPatch
) -> None:
    schema = "source_file string, _op string, number int, reasons array<string>, row_number long"
    rows = small_data_spark.createDataFrame([("s3://raw/a", "upsert", 0, [], 1)], schema)
    monkeypatch.setattr(checked_dataset, "parse_files", lambda *_: rows)
    query = read_query("SELECT SUM(1 / number) FROM t", Source(("t",), {"number": Column("number", "int")}))
    expectation, kwargs = expectation_of_query("SELECT", query, Threshold("mustBe", (0,), percent=False))

    with check_dataset(
        small_data_spark, [file("a")], replace(EVENTS, rules=(Rule("inverse", expectation, kwargs),))
    ) as checked:
        assert checked.verdict.broken == ("inverse",)
        assert [(count.accepted, count.quarantined) for count in checked.counts] == [(1, 0)]


COMPILED = {**LONG_EXPRESSIONS, "spark.sql.codegen.factoryMode": "FALLBACK"}


def test_the_reasons_of_many_columns_fit_the_methods_that_are_compiled(spark: "SparkSession") -> None:
    """The JVM takes no method above 64 KB. Spark says so in a log, having tried to compile it for seconds."""
    no_other_way = {"spark.sql.codegen.fallback": "false", "spark.sql.codegen.factoryMode": "CODEGEN_ONLY"}

    with configured(spark, {**COMPILED, **no_other_way}):
        rows = parse_stream(received(spark, [put(1)]), contracts()["transactions"])
        [(reasons,)] = rows.cache().select("reasons").collect()

    assert "basket_id" in " ".join(reasons)


def test_few_rows_and_many_are_judged_alike(
    small_data_spark: "SparkSession", monkeypatch: pytest.MonkeyPatch
) -> None:
    """Few rows are interpreted and read at once, many are compiled and cached."""
    broken = put(3)
    broken["dynamodb"]["NewImage"]["number"] = {"S": "three"}
    rows = parsed(small_data_spark, [put(1), put(2), broken])
    monkeypatch.setattr(checked_dataset, "parse_files", lambda *_: rows)
    below = Rule("number.range", "expect_column_values_to_be_between", {"column": "number", "max_value": 1})
    contract = replace(EVENTS, rules=(below,))

    def judged(most: int, settings: "Mapping[str, str]") -> tuple[object, ...]:
        monkeypatch.setattr(checked_dataset, "_FEW_BYTES", most)
        with (
            configured(small_data_spark, settings),
            check_dataset(small_data_spark, [file("a")], contract) as found,
        ):
            return sorted(map(str, found.rows.collect())), found.counts, found.verdict.broken

    few, many = judged(1, FEW_ROWS), judged(0, COMPILED)

    assert few == many
    assert few[2] == ("number.range",)
    assert [text.count("reasons=[]") for text in few[0]] == [1, 0, 0]  # type: ignore[attr-defined]
