"""Functions of a row's values that Athena and Spark answer alike."""

import pytest

from expectations.sql.values import NotAlike
from tests.expectations.sql.samples import translated


@pytest.mark.parametrize(
    ("expression", "sql", "kind"),
    [
        ("abs(amount)", "abs(`amount`)", "decimal(10,2)"),
        ("cardinality(tags)", "CAST(array_size(`tags`) AS BIGINT)", "long"),
        ("contains(tags, 'a')", "array_contains(`tags`, 'a')", "boolean"),
        ("coalesce(quantity, id)", "coalesce(CAST(`quantity` AS bigint), `id`)", "long"),
        ("concat(name, 'a')", "concat(`name`, 'a')", "string"),
        ("date(seen_at)", "CAST(`seen_at` AS date)", "date"),
        ("length(name)", "CAST(length(`name`) AS BIGINT)", "long"),
        ("mod(id, 2)", "(`id` % CAST(2 AS bigint))", "long"),
        ("nullif(id, 0)", "(CASE WHEN `id` = CAST(0 AS bigint) THEN NULL ELSE `id` END)", "long"),
        ("regexp_like(name, '^a$')", r"(`name` RLIKE '^a\\z')", "boolean"),
        ("starts_with(name, 'a')", "startswith(`name`, 'a')", "boolean"),
        ("substr(name, 1, 2)", "substring(`name`, 1, 2)", "string"),
        ("substring(name FROM 2)", "substring(`name`, 2)", "string"),
        ("extract(YEAR FROM day)", "CAST(year(`day`) AS BIGINT)", "long"),
        ("hour(seen_at)", "CAST(hour(`seen_at`) AS BIGINT)", "long"),
    ],
)
def test_a_function_is_sparks_of_the_same_answer(expression: str, sql: str, kind: str) -> None:
    found = translated(expression)

    assert (found.sql, found.type) == (sql, kind)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("upper(name)", "function upper is not evaluated; these are: abs, cardinality"),
        ("random()", "function random is not evaluated"),
        ("now()", "function now is not evaluated"),
        ("substr(name, 0)", "a start from 1"),
        ("substr(name, -1)", "a start from 1"),
        ("regexp_like(name, '(?i)a')", "a group .* in its pattern"),
        ("regexp_like(name, name)", "a pattern in quotes"),
        ("contains(tags, 1)", "a value of its elements' type"),
        ("contains(coalesce(tags, tags), 'a')", "a column and a value"),
        ("hour(day)", "hour takes timestamp, not date"),
        ("extract(DOW FROM day)", "EXTRACT of DOW"),
        ("length(name, name)", "with 1 argument, not 2"),
        ("coalesce()", "takes values"),
    ],
)
def test_what_is_answered_differently_is_refused_by_name(expression: str, message: str) -> None:
    with pytest.raises(NotAlike, match=message):
        translated(expression)
