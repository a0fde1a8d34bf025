from pathlib import Path
from typing import Any

import pytest

from expectations.contract import Rule
from tests.expectations.contract_files import changed, load, notes, problems

ON_COLUMN = "{name: amount.given, metric: nullValues, mustBe: 0}"
ON_DATASET = "{name: orders.any, metric: rowCount, mustBeGreaterThan: 0}"
GX = "type: custom, engine: greatExpectations"
QUERY = "unexpected_rows_expectation"


def rules(folder: Path, place: str, quality: str) -> list[tuple[str, dict[str, Any]]]:
    """Expectation and arguments of the rules of one quality entry."""
    own = {"order_id.required", "amount.range", "changed_at.required", "amount.given", "orders.any"}
    entry = quality.replace("{", "{name: tried, ", 1)
    found = load(folder, place, entry).rules
    return [(rule.expectation, dict(rule.kwargs)) for rule in found if rule.name not in own]


@pytest.mark.parametrize(
    ("quality", "expected"),
    [
        ("{metric: nullValues, mustBe: 0}", [("expect_column_values_to_not_be_null", {})]),
        ("{metric: nullValues, mustBeLessThan: 1}", [("expect_column_values_to_not_be_null", {})]),
        (
            "{type: library, metric: nullValues, mustBeLessOrEqualTo: 0, unit: percent}",
            [("expect_column_values_to_not_be_null", {})],
        ),
        (
            "{metric: nullValues, mustBeLessOrEqualTo: 5, unit: percent}",
            [("expect_column_values_to_not_be_null", {"mostly": 0.95})],
        ),
        (
            "{metric: missingValues, arguments: {missingValues: [null, 0]}, mustBe: 0}",
            [
                ("expect_column_values_to_not_be_null", {}),
                ("expect_column_values_to_not_be_in_set", {"value_set": [0]}),
            ],
        ),
        (
            "{metric: invalidValues, arguments: {validValues: [1, 2]}, mustBe: 0}",
            [("expect_column_values_to_be_in_set", {"value_set": [1, 2]})],
        ),
        (
            "{metric: invalidValues, arguments: {pattern: '^a'}, mustBe: 0}",
            [("expect_column_values_to_match_regex", {"regex": "^a"})],
        ),
        ("{metric: duplicateValues, mustBe: 0}", [("expect_column_values_to_be_unique", {})]),
        (
            f"{{{GX}, implementation: {{type: expect_column_values_to_be_null}}}}",
            [("expect_column_values_to_be_null", {})],
        ),
        (
            "{type: custom, engine: great-expectations, implementation: "
            "{expectation_type: expect_column_max_to_be_between, kwargs: {max_value: 5}}}",
            [("expect_column_max_to_be_between", {"max_value": 5})],
        ),
        ("{type: text, description: Trust me.}", []),
        (
            "{type: sql, query: 'SELECT COUNT(*) FROM ${object} WHERE  ${property} < 0', mustBe: 0}",
            [
                (
                    "expect_no_rows_where",
                    {
                        "columns": ["amount"],
                        "where": '"amount" < 0',
                        "condition": "(`amount` < CAST(0 AS decimal(10,2)))",
                    },
                )
            ],
        ),
    ],
)
def test_a_rule_of_a_column_becomes_its_expectation(
    tmp_path: Path, quality: str, expected: list[tuple[str, dict[str, Any]]]
) -> None:
    assert rules(tmp_path, ON_COLUMN, quality) == [
        (name, {"column": "amount", **kwargs}) for name, kwargs in expected
    ]


@pytest.mark.parametrize(
    ("quality", "expectation", "kwargs"),
    [
        ("{metric: rowCount, mustBe: 5}", QUERY, None),
        (
            "{metric: rowCount, mustBeBetween: [1, 5]}",
            "expect_table_row_count_to_be_between",
            {"min_value": 1, "max_value": 5},
        ),
        (
            "{metric: rowCount, mustBeLessThan: 5}",
            "expect_table_row_count_to_be_between",
            {"max_value": 5, "strict_max": True},
        ),
        ("{metric: rowCount, mustNotBe: 5}", QUERY, None),
        (
            "{metric: duplicateValues, arguments: {properties: [order_id, amount]}, mustBe: 0}",
            "expect_compound_columns_to_be_unique",
            {"column_list": ["order_id", "amount"]},
        ),
        (
            "{type: custom, engine: greatExpectations, implementation: "
            "'{type: expect_table_row_count_to_equal, kwargs: {value: 5}}'}",
            "expect_table_row_count_to_equal",
            {"value": 5},
        ),
    ],
)
def test_a_rule_of_the_dataset_becomes_its_expectation(
    tmp_path: Path, quality: str, expectation: str, kwargs: dict[str, Any] | None
) -> None:
    ((name, found),) = rules(tmp_path, ON_DATASET, quality)

    assert name == expectation
    assert kwargs is None or found == kwargs


@pytest.mark.parametrize(
    ("quality", "kwargs"),
    [
        (
            "{type: sql, query: 'SELECT  SUM(amount) FROM orders', mustBeBetween: [0, 9.5], unit: euros}",
            ("SELECT SUM(amount) FROM orders", "sum(`amount`)", "mustBeBetween", ["0", "9.5"]),
        ),
        (
            "{type: sql, query: 'SELECT COUNT(*) FROM orders WHERE amount < 0', mustBeLessThan: 5}",
            (
                "SELECT COUNT(*) FROM orders WHERE amount < 0",
                "count(*) FILTER (WHERE (`amount` < CAST(0 AS decimal(10,2))))",
                "mustBeLessThan",
                ["5"],
            ),
        ),
        (
            "{type: sql, query: 'SELECT COUNT(*) > 5 FROM orders', mustBe: true}",
            (
                "SELECT COUNT(*) > 5 FROM orders",
                "CAST((count(*) > CAST(5 AS bigint)) AS INT)",
                "mustBe",
                ["1"],
            ),
        ),
    ],
)
def test_a_query_of_the_dataset_becomes_its_value_with_a_threshold(
    tmp_path: Path, quality: str, kwargs: tuple[Any, ...]
) -> None:
    names = ("query", "aggregate", "operator", "limits")

    assert rules(tmp_path, ON_DATASET, quality) == [
        ("expect_query_value", dict(zip(names, kwargs, strict=True)))
    ]


@pytest.mark.parametrize(
    ("quality", "query"),
    [
        (
            "{metric: nullValues, mustBeLessThan: 5}",
            "SELECT value FROM (SELECT count_if(`amount` IS NULL) AS value FROM {batch}) "
            "WHERE NOT (value < 5)",
        ),
        (
            '{metric: invalidValues, arguments: {pattern: "^\\\\d{2}\'"}, mustBeLessThan: 5, unit: percent}',
            r"SELECT value FROM (SELECT 100.0 * count_if(NOT `amount` RLIKE '^\\d\u007b2\u007d\'') "
            "/ count(*) AS value FROM {batch}) WHERE NOT (value < 5)",
        ),
        (
            "{metric: missingValues, arguments: {missingValues: [null, -1]}, mustBeBetween: [0, 9]}",
            "SELECT value FROM (SELECT count_if(`amount` IS NULL OR `amount` IN (-1)) AS value FROM {batch}) "
            "WHERE NOT (value BETWEEN 0 AND 9)",
        ),
        (
            "{metric: duplicateValues, mustBeLessThan: 9}",
            "SELECT value FROM (SELECT coalesce(sum(if(n > 1, n, 0)), 0) AS value FROM (SELECT count(*) AS n "
            "FROM {batch} WHERE `amount` IS NOT NULL GROUP BY `amount`)) WHERE NOT (value < 9)",
        ),
    ],
)
def test_a_threshold_that_no_expectation_has_becomes_a_query(
    tmp_path: Path, quality: str, query: str
) -> None:
    assert rules(tmp_path, ON_COLUMN, quality) == [(QUERY, {"unexpected_rows_query": query})]


def test_a_rule_keeps_its_name_description_and_severity(tmp_path: Path) -> None:
    entry = "{id: amounts, description: 'Rarely  none.', metric: nullValues, mustBe: 0, severity: warning}"

    assert load(tmp_path, ON_COLUMN, entry).rules[2] == Rule(
        "amounts", "expect_column_values_to_not_be_null", {"column": "amount"}, "Rarely none.", "warning"
    )


@pytest.mark.parametrize(
    ("place", "quality", "path", "rule"),
    [
        (ON_COLUMN, "{mustBe: 0}", ".metric", "known-rule"),
        (ON_COLUMN, "{metric: rowCount, mustBe: 0}", ".metric", "known-rule"),
        (ON_DATASET, "{metric: nullValues, mustBe: 0}", ".metric", "known-rule"),
        (ON_COLUMN, "{metric: nullValues}", "", "one-operator"),
        (ON_COLUMN, "{metric: nullValues, mustBe: 0, mustBeLessThan: 5}", "", "one-operator"),
        (ON_COLUMN, "{metric: nullValues, mustBe: none}", ".mustBe", "operator-value"),
        (ON_COLUMN, "{metric: nullValues, mustBeBetween: [5, 1]}", ".mustBeBetween", "operator-value"),
        (ON_DATASET, "{metric: rowCount, mustBe: 5, unit: percent}", ".unit", "unit"),
        (ON_COLUMN, "{metric: nullValues, mustBe: 0, arguments: {x: [1]}}", ".arguments.x", "known-argument"),
        (ON_COLUMN, "{metric: invalidValues, mustBe: 0}", ".arguments", "known-argument"),
        (ON_COLUMN, "{metric: invalidValues, mustBe: 0, arguments: {validValues: a}}",
         ".arguments.validValues", "argument-value"),
        (ON_COLUMN, "{metric: invalidValues, mustBe: 0, arguments: {pattern: 5}}",
         ".arguments.pattern", "argument-value"),
        (ON_COLUMN, "{metric: invalidValues, mustBe: 0, arguments: {pattern: '('}}",
         ".arguments.pattern", "argument-value"),
        (ON_DATASET, "{metric: duplicateValues, mustBe: 0, arguments: {properties: [colour]}}",
         ".arguments.properties", "known-column"),
        (ON_COLUMN, "{type: sql, query: SELECT COUNT(*) FROM orders}", "", "one-operator"),
        (ON_COLUMN, "{type: sql, query: SELECT COUNT(*) FROM orders, mustBe: true}",
         ".mustBe", "operator-value"),
        (ON_COLUMN, "{type: sqll, query: select 1, mustBe: 0}", ".type", "known-rule"),
        (ON_COLUMN, "{type: custom, engine: greatExpectations}", ".implementation", "implementation"),
        (ON_COLUMN, f"{{{GX}, implementation: '{{'}}", ".implementation", "yaml"),
        (ON_COLUMN, "{type: custom, engine: greatExpectations, implementation: {kwargs: {}}}",
         ".implementation", "implementation"),
        (ON_COLUMN, "{type: custom, engine: greatExpectations, implementation: {type: x, column: a}}",
         ".implementation", "implementation"),
        (ON_DATASET, "{type: custom, engine: greatExpectations, "
         "implementation: {type: expect_column_values_to_be_unique, kwargs: {column: colour}}}",
         ".implementation.kwargs", "known-column"),
    ],
)  # fmt: skip
def test_a_rule_that_cannot_be_evaluated_is_reported(
    tmp_path: Path, place: str, quality: str, path: str, rule: str
) -> None:
    at = "schema[0].properties[1].quality[0]" if place == ON_COLUMN else "schema[0].quality[0]"

    (problem,) = problems(tmp_path, changed(place, quality))

    assert (problem.path, problem.rule) == (at + path, rule)


@pytest.mark.parametrize(
    ("quality", "path", "message"),
    [
        (
            "{metric: invalidValues, arguments: {validValues: [a, 1.5]}, mustBe: 0}",
            "arguments.validValues",
            "expected values of amount, which is decimal(10,2), got 'a'; write it as in rows",
        ),
        (
            "{metric: invalidValues, arguments: {validValues: [1.005]}, mustBe: 0}",
            "arguments.validValues",
            "expected values of amount, which is decimal(10,2), got 1.005; write it as in rows",
        ),
        (
            "{metric: invalidValues, arguments: {validValues: [null]}, mustBe: 0}",
            "arguments.validValues",
            "expected values of amount, which is decimal(10,2), got None; write it as in rows",
        ),
        (
            "{metric: missingValues, arguments: {missingValues: [null, n/a]}, mustBe: 0}",
            "arguments.missingValues",
            "expected values of amount, which is decimal(10,2), got 'n/a'; write it as in rows",
        ),
        (
            "{metric: invalidValues, arguments: {pattern: '(?i)a'}, mustBe: 0}",
            "arguments.pattern",
            "expected a pattern with one meaning in Rust (queue, API) and Java (jobs), got '(?i)a' with a "
            "group (?i…; write both cases",
        ),
        (
            f"{{{GX}, implementation: {{type: expect_column_values_to_match_regex_list, "
            "kwargs: {regex_list: [a, '\\Z']}}}",
            "implementation.kwargs.regex_list",
            r"expected a pattern with one meaning in Rust (queue, API) and Java (jobs), got '\\Z' with \Z; "
            "write $",
        ),
        (
            f"{{{GX}, implementation: {{type: expect_column_values_to_be_in_set, "
            "kwargs: {value_set: [x]}}}",
            "implementation.kwargs.value_set",
            "expected values of amount, which is decimal(10,2), got 'x'; write it as in rows",
        ),
        (
            "{metric: nullValues, mustBe: .nan}",
            "mustBe",
            "expected a number, or two in ascending order, got nan",
        ),
        (
            "{metric: nullValues, mustBe: [1, 2]}",
            "mustBe",
            "expected a number, or two in ascending order, got [1, 2]",
        ),
    ],
)
def test_arguments_that_spark_would_refuse_are_refused(
    tmp_path: Path, quality: str, path: str, message: str
) -> None:
    found = problems(tmp_path, changed(ON_COLUMN, quality))

    assert found[0].path == f"schema[0].properties[1].quality[0].{path}"
    assert found[0].message.startswith(message)


def test_a_pattern_in_a_query_is_rewritten_for_java_and_escaped(tmp_path: Path) -> None:
    quality = "{metric: invalidValues, arguments: {pattern: '^$|^${x}.$'}, mustBeLessThan: 5}"

    (problem,) = problems(tmp_path, changed(ON_COLUMN, quality))
    ((_, kwargs),) = rules(tmp_path, ON_COLUMN, quality.replace("{x}", r"\{x\}"))

    assert problem.rule == "argument-value"
    assert kwargs["unexpected_rows_query"].startswith(
        r"SELECT value FROM (SELECT count_if(NOT `amount` RLIKE '^\\z|^\\z\\\u007bx\\\u007d[^\\n]\\z')"
    )


@pytest.mark.parametrize(
    ("quality", "part", "message"),
    [
        ("{type: text, description: Trust me.}", "type", "a rule in words is not evaluated"),
        (
            "{type: sql, query: SELECT upper(order_id) FROM orders, mustBe: 0}",
            "query",
            "the rule is not evaluated: function upper is not evaluated; these are: abs, cardinality, "
            "coalesce, concat, contains, date, length, mod, nullif, regexp_like, starts_with, substr, "
            "substring, year, month, day, hour, minute",
        ),
        (
            "{type: custom, engine: soda, implementation: x}",
            "engine",
            "a rule of engine 'soda' is not evaluated; those of greatExpectations are",
        ),
        (
            "{metric: nullValues, mustBe: 0, unit: shares}",
            "unit",
            "a rule in 'shares' is not evaluated; rules in rows or percent are",
        ),
        (
            "{rule: freshness, mustBe: 0}",
            "rule",
            "the library rule 'freshness' is not evaluated; write a metric (nullValues, missingValues, "
            "invalidValues, duplicateValues, rowCount) and one operator",
        ),
        (
            "{metric: nullValues, mustBe: 0, severity: sev2}",
            "severity",
            "'sev2' counts as critical: it rejects rows",
        ),
    ],
)
def test_a_rule_that_is_not_evaluated_is_noted(tmp_path: Path, quality: str, part: str, message: str) -> None:
    assert notes(tmp_path, changed(ON_COLUMN, quality)) == [
        (f"schema[0].properties[1].quality[0].{part}", message)
    ]


@pytest.mark.parametrize(
    ("severity", "expected"),
    [("error", "critical"), ("Critical", "critical"), ("WARN", "warning"), ("info", "info")],
)
def test_a_severity_of_the_standard_is_one_of_great_expectations(
    tmp_path: Path, severity: str, expected: str
) -> None:
    entry = f"{{name: tried, metric: nullValues, mustBe: 0, severity: {severity}}}"

    (rule,) = [rule for rule in load(tmp_path, ON_COLUMN, entry).rules if rule.name == "tried"]

    assert rule.severity == expected


def test_rules_without_names_are_numbered(tmp_path: Path) -> None:
    both = "{metric: nullValues, mustBe: 0}\n          - {metric: nullValues, mustBeLessThan: 9}"

    names = [rule.name for rule in load(tmp_path, ON_COLUMN, both).rules]

    assert names[2:4] == ["amount.nullValues", "amount.nullValues.2"]
