"""Rows are rejected by the conditions that Great Expectations itself evaluates."""

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from pyspark.sql import functions as F

from expectations.contract import Column, Limits, Rule
from expectations.odcs.column_rules import column_rules
from expectations.odcs.metrics import Threshold, expectation_of_query
from expectations.sql.queries import Source, read_query
from jobs.quality.validation import prepare, validate
from tests.jobs.builders import EVENTS
from tests.jobs.quality.rules import RULES, frame

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# Contracts may write row conditions in the form that GX deprecates.
pytestmark = [
    pytest.mark.usefixtures("small_data_spark"),
    pytest.mark.filterwarnings("ignore:The condition_parser parameter:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Passing a string to the row_condition:DeprecationWarning"),
]


def test_a_row_has_a_reason_for_every_row_rule_that_it_breaks(spark: "SparkSession") -> None:
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


def test_a_rule_about_whole_batches_has_a_result_and_rejects_no_row(spark: "SparkSession") -> None:
    validation = prepare(frame(spark), replace(EVENTS, rules=RULES))
    result = validate(validation)

    assert [rule.name for rule in validation.row_rules] == [
        "amount.range",
        "amount.required",
        "order",
        "only.b",
    ]
    assert {"warned", "unique", "rows"} <= set(result.broken)
    assert "mostly" not in result.broken


def test_gx_and_the_row_rules_find_the_same_rules_broken(spark: "SparkSession") -> None:
    validation = prepare(frame(spark), replace(EVENTS, rules=RULES[:4]))
    result = validate(validation)

    broken = {rule.name: frame(spark).where(rule.broken).count() for rule in validation.row_rules}
    assert not result.success
    assert set(result.broken) == broken.keys()
    assert broken == {"amount.range": 1, "amount.required": 1, "order": 1, "only.b": 1}


def test_a_multiple_is_a_row_rule(spark: "SparkSession") -> None:
    columns = (
        Column("number", "int", limits=Limits(multiple_of=2)),
        Column("amount", "decimal(10,2)", limits=Limits(multiple_of=2.5)),
    )
    rules = tuple(rule for column in columns for rule in column_rules(column))
    rows = frame(spark)

    validation = prepare(rows, replace(EVENTS, rules=rules))
    broken = {rule.name: rows.where(rule.broken).count() for rule in validation.row_rules}

    assert broken == {"number.multiple": 2, "amount.multiple": 1}
    assert set(validate(validation).broken) == broken.keys()


def test_a_count_of_rows_that_must_be_zero_rejects_these_rows(small_data_spark: "SparkSession") -> None:
    source = Source((EVENTS.dataset,), {column.name: column for column in EVENTS.columns})
    query = read_query("SELECT COUNT(*) FROM events WHERE amount IS NULL OR updated_at < happened_at", source)
    expectation, kwargs = expectation_of_query("", query, Threshold("mustBe", (0,), percent=False))
    rules = [Rule(name, expectation, kwargs, severity=name) for name in ("critical", "warning")]
    rows = frame(small_data_spark)

    validation = prepare(rows, replace(EVENTS, rules=(*rules,)))
    (rule,) = validation.row_rules
    reasons = [row[0] for row in rows.orderBy("number").select(rule.reason).collect()]

    expected = "critical: no row may meet amount IS NULL OR updated_at < happened_at, got amount = "
    assert reasons == [
        None,
        f"{expected}'-1.00', happened_at = '2026-01-06 00:00:00', updated_at = '2026-01-05 00:00:00'",
        f"{expected}null, happened_at = '2026-01-05 00:00:00', updated_at = '2026-01-06 00:00:00'",
    ]
    assert validate(validation).broken == ("critical", "warning")
