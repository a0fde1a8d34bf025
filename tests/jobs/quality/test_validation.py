"""Great Expectations judges a batch; its own conditions tell which rows break a rule that decides."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from pyspark.sql import functions as F

from expectations.contract import Rule
from jobs.quality.validation import RuleNotEvaluated, add_counts, prepare, validate
from tests.jobs.builders import EVENTS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# A contract may still say its row conditions the old way.
pytestmark = [
    pytest.mark.filterwarnings("ignore:The condition_parser parameter:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Passing a string to the row_condition:DeprecationWarning"),
]

MONDAY, TUESDAY = datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 6, tzinfo=UTC)
ROWS = [
    ("a", 1, MONDAY, "5", TUESDAY),
    ("b", 2, TUESDAY, "-1", MONDAY),
    ("b", 3, MONDAY, None, TUESDAY),
]
ONLY_A = {"column": "shop", "value_set": ["a"]}
RULES = (
    Rule("amount.range", "expect_column_values_to_be_between", {"column": "amount", "min_value": 0}),
    Rule("amount.required", "expect_column_values_to_not_be_null", {"column": "amount"}),
    Rule(
        "order",
        "expect_column_pair_values_a_to_be_greater_than_b",
        {"column_A": "updated_at", "column_B": "happened_at"},
        description="It changes after it happened.",
    ),
    Rule(
        "only.b",
        "expect_column_values_to_be_in_set",
        {"column": "number", "value_set": [2], "row_condition": "shop = 'b'", "condition_parser": "spark"},
    ),
    Rule(
        "warned",
        "expect_column_values_to_be_in_set",
        {"column": "shop", "value_set": ["a"]},
        severity="warning",
    ),
    Rule(
        "mostly", "expect_column_values_to_be_in_set", {"column": "shop", "value_set": ["a"], "mostly": 0.1}
    ),
    Rule("unique", "expect_column_values_to_be_unique", {"column": "shop"}),
    Rule("rows", "expect_table_row_count_to_be_between", {"min_value": 10}),
)


def frame(spark: "SparkSession") -> Any:
    schema = "shop string, number int, happened_at timestamp, amount string, updated_at timestamp"
    return spark.createDataFrame(ROWS, schema).withColumn("amount", F.col("amount").cast("decimal(10,2)"))


def test_rows_are_told_every_deciding_rule_they_break(spark: "SparkSession") -> None:
    rows = frame(spark)

    rules = prepare(rows, replace(EVENTS, rules=RULES)).row_rules
    reasons = F.array_compact(F.array(*(rule.reason for rule in rules)))
    found = {
        row["number"]: row["reasons"] for row in rows.select("number", reasons.alias("reasons")).collect()
    }

    assert found == {
        1: [],
        2: [
            "amount.range: amount values must be greater than or equal to 0, got '-1.00'",
            "order: It changes after it happened, "
            "got updated_at = '2026-01-05 00:00:00', happened_at = '2026-01-06 00:00:00'",
        ],
        3: [
            "amount.required: amount values must never be null, got null",
            "only.b: If PassThrough(\"shop = 'b'\"), then number values must belong to this set: 2, got '3'",
        ],
    }


def test_what_depends_on_how_batches_are_cut_is_kept_but_decides_nothing(spark: "SparkSession") -> None:
    examination = prepare(frame(spark), replace(EVENTS, rules=RULES))
    verdict = validate(examination)

    assert [rule.name for rule in examination.row_rules] == [
        "amount.range",
        "amount.required",
        "order",
        "only.b",
    ]
    assert {"warned", "unique", "rows"} <= set(verdict.broken)
    assert "mostly" not in verdict.broken


def test_gx_and_the_conditions_of_its_rules_agree(spark: "SparkSession") -> None:
    examination = prepare(frame(spark), replace(EVENTS, rules=RULES[:4]))
    verdict = validate(examination)

    broken = {rule.name: frame(spark).where(rule.broken).count() for rule in examination.row_rules}
    assert not verdict.success
    assert set(verdict.broken) == broken.keys()
    assert broken == {"amount.range": 1, "amount.required": 1, "order": 1, "only.b": 1}


def test_counts_are_told_as_gx_would(spark: "SparkSession") -> None:
    verdict = validate(prepare(frame(spark), replace(EVENTS, rules=(RULES[0], RULES[6]))))

    add_counts(verdict, 4, {"amount.range": 1})

    counts = {"element_count": 4, "unexpected_count": 1, "unexpected_percent": 25.0}
    assert [one["result"] for one in json.loads(verdict.as_json)["results"]] == [counts, {}]


def test_no_rows_break_no_rule(spark: "SparkSession") -> None:
    verdict = validate(prepare(frame(spark).limit(0), replace(EVENTS, rules=RULES[:4])))

    assert verdict.success


def test_a_rule_that_cannot_be_evaluated_is_named(spark: "SparkSession") -> None:
    rule = Rule("broken", "expect_column_values_to_be_between", {"column": "colour", "min_value": 0})

    with pytest.raises(RuleNotEvaluated, match=r"rows of events, got errors: broken: .*colour"):
        validate(prepare(frame(spark), replace(EVENTS, rules=(rule,))))
