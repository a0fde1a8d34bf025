"""The result of a contract's rules on the rows of a batch."""

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from expectations.contract import Rule
from jobs.quality.validation import RuleCounts, RuleNotEvaluated, prepare, validate
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


def test_counts_have_the_names_that_gx_gives_them(spark: "SparkSession") -> None:
    validation = prepare(frame(spark), replace(EVENTS, rules=(RULES[0], RULES[6])))

    result = validate(validation, RuleCounts(4, {"amount.range": 1}))

    counts = {"element_count": 4, "unexpected_count": 1, "unexpected_percent": 25.0}
    assert [one["result"] for one in json.loads(result.as_json)["results"]] == [counts, {}]


def test_every_rule_holds_for_no_rows(spark: "SparkSession") -> None:
    result = validate(prepare(frame(spark).limit(0), replace(EVENTS, rules=RULES[:4])))

    assert result.success


def test_a_rule_that_cannot_be_evaluated_is_named(spark: "SparkSession") -> None:
    rule = Rule("broken", "expect_column_values_to_be_between", {"column": "colour", "min_value": 0})

    with pytest.raises(RuleNotEvaluated, match=r"rows of events, got errors: broken: .*colour"):
        validate(prepare(frame(spark), replace(EVENTS, rules=(rule,))))
