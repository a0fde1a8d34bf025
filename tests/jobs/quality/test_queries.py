"""Values of queries are computed with all other aggregates; one that fails stops no other rule."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from expectations.contract import Contract, Rule
from expectations.odcs.metrics import Threshold, expectation_of_query
from expectations.sql.queries import Source, read_query
from jobs.quality.data_docs import Run, render_pages
from jobs.quality.queries import any_query_failed, validate_apart
from jobs.quality.validation import RuleNotEvaluated, Validation, prepare, validate
from tests.jobs.builders import EVENTS
from tests.jobs.quality.rules import RULES, frame

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# Contracts may write row conditions in the form that GX deprecates.
pytestmark = [
    pytest.mark.filterwarnings("ignore:The condition_parser parameter:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Passing a string to the row_condition:DeprecationWarning"),
]
ZERO = Threshold("mustBe", (0,), percent=False)
BY_ZERO = "SELECT SUM(number / (number - 2)) FROM events"
NO_NUMBER = "SELECT SUM(CAST(shop AS INTEGER)) FROM events"


def rule(name: str, query: str, threshold: Threshold = ZERO, severity: str = "critical") -> Rule:
    source = Source((EVENTS.dataset,), {column.name: column for column in EVENTS.columns})
    expectation, kwargs = expectation_of_query(query, read_query(query, source), threshold)
    return Rule(name, expectation, kwargs, severity=severity)


def with_rules(*rules: Rule) -> Contract:
    return replace(EVENTS, rules=rules)


def results(validation: Validation) -> dict[str, tuple[bool, Any]]:
    """Rule -> whether it holds, and its value."""
    return {
        one["expectation_config"]["meta"]["rule"]: (one["success"], one["result"].get("observed_value"))
        for one in json.loads(validate(validation).as_json)["results"]
    }


@contextmanager
def counted_jobs(spark: "SparkSession", group: str) -> Iterator[list[int]]:
    """The Spark jobs that run inside, once they have ended."""
    jobs: list[int] = []
    spark.sparkContext.setJobGroup(group, group)
    yield jobs
    jobs.extend(spark.sparkContext.statusTracker().getJobIdsForGroup(group))
    spark.sparkContext.setLocalProperty("spark.jobGroup.id", None)  # type: ignore[arg-type]  # removes it


@pytest.mark.parametrize(
    ("query", "operator", "limits", "expected"),
    [
        ("SELECT COUNT(*) FROM events", "mustBe", (3,), (True, "3")),
        ("SELECT COUNT(*) FROM events", "mustNotBe", (3,), (False, "3")),
        ("SELECT SUM(amount) FROM events", "mustBeGreaterThan", (3.99,), (True, "4.00")),
        ("SELECT SUM(amount) FROM events", "mustBeGreaterThan", (4,), (False, "4.00")),
        ("SELECT AVG(number) FROM events", "mustBeGreaterOrEqualTo", (2,), (True, "2.0")),
        ("SELECT AVG(number) FROM events", "mustBeLessThan", (2,), (False, "2.0")),
        ("SELECT COUNT(*) FROM events WHERE amount < 0", "mustBeLessOrEqualTo", (1,), (True, "1")),
        ("SELECT MAX(number) FROM events", "mustBeBetween", (1, 2), (False, "3")),
        ("SELECT MAX(number) FROM events", "mustNotBeBetween", (1, 2), (True, "3")),
        ("SELECT COUNT(DISTINCT shop) = 2 FROM events", "mustBe", (1,), (True, "1")),
        ("SELECT SUM(amount) FROM events WHERE number > 9", "mustBe", (0,), (True, None)),
    ],
)
def test_a_value_keeps_its_threshold_or_breaks_the_rule(
    small_data_spark: "SparkSession",
    query: str,
    operator: str,
    limits: tuple[float, ...],
    expected: tuple[bool, Any],
) -> None:
    tried = rule("tried", query, Threshold(operator, limits, percent=False))
    validation = prepare(frame(small_data_spark), with_rules(tried))

    assert results(validation) == {"tried": expected}


def test_queries_need_no_job_of_their_own(small_data_spark: "SparkSession") -> None:
    others = (RULES[0], RULES[1], RULES[7])
    queries = (
        *(rule(f"sum.{number}", f"SELECT SUM(number + {number}) FROM events") for number in range(20)),
        rule("distinct", "SELECT COUNT(DISTINCT shop) FROM events WHERE amount > 0"),
        rule("row", "SELECT COUNT(*) FROM events WHERE amount < 0 OR updated_at < happened_at"),
    )
    rows = frame(small_data_spark).cache()
    rows.count()
    without, with_queries = (prepare(rows, with_rules(*rules)) for rules in (others, (*others, *queries)))

    with counted_jobs(small_data_spark, "without") as few:
        validate(without)
    with counted_jobs(small_data_spark, "with") as more:
        validate(with_queries)

    assert 0 < len(more) <= len(few) + 1  # distinct values are exchanged once, for all queries
    rows.unpersist()


def test_a_query_that_fails_is_a_broken_rule_with_its_reason(small_data_spark: "SparkSession") -> None:
    rules = (
        RULES[0],
        rule("by.zero", BY_ZERO),
        rule("no.number", NO_NUMBER, severity="warning"),
        rule("three", "SELECT COUNT(*) FROM events", Threshold("mustBe", (3,), percent=False)),
        RULES[7],
    )

    found = results(prepare(frame(small_data_spark), with_rules(*rules)))

    assert list(found) == [one.name for one in rules]
    assert {name: holds for name, (holds, _) in found.items()} == {
        "amount.range": False, "by.zero": False, "no.number": False, "three": True, "rows": False
    }  # fmt: skip
    assert found["by.zero"][1].startswith("no value: [DIVIDE_BY_ZERO] Division by zero")
    assert found["no.number"][1].startswith("no value: [USER_RAISED_EXCEPTION] CAST: expected int")
    assert "'a'" not in found["no.number"][1]  # a value of a row


def test_statistics_count_queries_that_failed(small_data_spark: "SparkSession") -> None:
    validation = prepare(frame(small_data_spark), with_rules(RULES[2], rule("by.zero", BY_ZERO), RULES[1]))

    found = validate(validation)

    assert found.broken == ("order", "by.zero", "amount.required")
    assert json.loads(found.statistics) == {
        "evaluated_expectations": 3,
        "successful_expectations": 0,
        "unsuccessful_expectations": 3,
        "success_percent": 0.0,
    }


def test_any_other_rule_that_fails_is_still_an_error(small_data_spark: "SparkSession") -> None:
    broken = Rule("broken", "expect_column_values_to_be_between", {"column": "colour", "min_value": 0})

    with pytest.raises(RuleNotEvaluated, match=r"got errors: broken: .*colour"):
        validate(prepare(frame(small_data_spark), with_rules(broken, rule("by.zero", BY_ZERO))))


def test_only_failures_are_evaluated_apart(small_data_spark: "SparkSession") -> None:
    validation = prepare(frame(small_data_spark), with_rules(rule("rows", "SELECT COUNT(*) FROM events")))
    whole = validation.batch.validate(validation.suite)

    apart = validate_apart(validation.batch, validation.suite, "BOOLEAN_ONLY")

    assert not any_query_failed(whole)
    assert [one.success for one in apart.results] == [one.success for one in whole.results] == [False]


def test_data_docs_show_queries_and_their_values(small_data_spark: "SparkSession") -> None:
    queries = (
        rule("rows", "SELECT COUNT(*) FROM events", Threshold("mustBeLessThan", (2,), percent=False)),
        rule("by.zero", BY_ZERO),
        rule("row", "SELECT COUNT(*) FROM events WHERE amount < 0"),
    )
    found = validate(prepare(frame(small_data_spark), with_rules(*queries)))

    run = Run("events", "b1", datetime(2026, 1, 5, tzinfo=UTC).isoformat(), found.broken)
    pages = render_pages(found, run)

    for shown in ("SELECT COUNT(*) FROM events", "mustBeLessThan", "no row may meet", "amount &lt; 0"):
        assert all(shown in page for page in pages.values()), shown
    assert "DIVIDE_BY_ZERO" in pages[run.page]
