"""Aggregates over the rows, and what is computed of them."""

import pytest

from expectations.sql.queries import read_query
from expectations.sql.values import NotAlike
from tests.expectations.sql.samples import SOURCE


@pytest.mark.parametrize(
    ("select", "sql"),
    [
        ("COUNT(*) FROM orders", "count(*)"),
        ("COUNT(DISTINCT name) FROM orders", "count(DISTINCT `name`)"),
        ("COUNT(name) FROM orders WHERE is_new", "count(`name`) FILTER (WHERE `is_new`)"),
        ("COUNT_IF(is_new) FROM orders", "count(CASE WHEN `is_new` THEN 1 END)"),
        ("SUM(amount) FILTER (WHERE id > 0) FROM orders WHERE is_new",
         "sum(`amount`) FILTER (WHERE `is_new` AND (`id` > CAST(0 AS bigint)))"),
        ("AVG(quantity) FROM orders", "avg(`quantity`)"),
        ("MAX(length(name)) - 1 FROM orders",
         "(max(CAST(length(`name`) AS BIGINT)) - CAST(1 AS bigint))"),
        ("bool_and(is_new) FROM orders", "bool_and(`is_new`)"),
        ("coalesce(SUM(quantity), 0) FROM orders", "coalesce(sum(`quantity`), CAST(0 AS bigint))"),
        ("COUNT(*) = COUNT(DISTINCT id) FROM orders", "(count(*) = count(DISTINCT `id`))"),
    ],
)  # fmt: skip
def test_an_aggregate_is_written_for_spark(select: str, sql: str) -> None:
    assert read_query(f"SELECT {select}", SOURCE).sql == sql


@pytest.mark.parametrize(
    ("select", "message"),
    [
        ("amount FROM orders", "amount stands outside of an aggregate"),
        ("SUM(COUNT(*)) FROM orders", "function count is not evaluated"),
        ("AVG(amount) FROM orders", "round averages of decimals differently"),
        ("SUM(rough) FROM orders", "compute sum of floats alike"),
        ("SUM(DISTINCT id) FROM orders", "sum of DISTINCT values is not evaluated"),
        ("COUNT(DISTINCT id, name) FROM orders", "count is evaluated with one argument"),
        ("approx_distinct(id) FROM orders", "function approx_distinct is not evaluated"),
        ("length('a') FILTER (WHERE is_new) FROM orders", "FILTER is evaluated after an aggregate"),
        ("MAX(is_new) FROM orders", "max takes"),
    ],
)
def test_what_is_no_aggregate_of_both_engines_is_refused(select: str, message: str) -> None:
    with pytest.raises(NotAlike, match=message):
        read_query(f"SELECT {select}", SOURCE)
