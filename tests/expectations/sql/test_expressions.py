"""Literals, columns, operators, CASE and CAST."""

import pytest

from expectations.sql.values import NotAlike
from tests.expectations.sql.samples import translated


@pytest.mark.parametrize(
    ("expression", "sql"),
    [
        ("'it''s ${x}'", r"'it\'s \u0024\u007bx\u007d'"),
        ("1.50", "CAST(1.50 AS DECIMAL(3,2))"),
        ("1e3", "double('1e3')"),
        ("3000000000", "3000000000"),
        ("TRUE", "true"),
        ("orders.Name", "`name`"),
        ('"address"."city"', "`address`.`city`"),
        ("orders.address.city", "`address`.`city`"),
        ("id BETWEEN 1 AND 2", "((`id` >= CAST(1 AS bigint)) AND (`id` <= CAST(2 AS bigint)))"),
        ("name NOT IN ('a', 'b')", "(NOT (`name` IN ('a', 'b')))"),
        (r"name LIKE 'a\_%'", r"(`name` LIKE 'a\\\\_%')"),
        ("name LIKE 'a!_%' ESCAPE '!'", "(`name` LIKE 'a!_%' ESCAPE '!')"),
        ("name IS NOT NULL OR is_new", "((NOT (`name` IS NULL)) OR `is_new`)"),
        ("name IS DISTINCT FROM 'a'", "(NOT `name` <=> 'a')"),
        ("-amount", "(- `amount`)"),
        ("name || 'a'", "(`name` || 'a')"),
        ("CASE WHEN is_new THEN 1 END", "(CASE WHEN `is_new` THEN 1 ELSE NULL END)"),
        ("CASE id WHEN id THEN 'a' ELSE name END", "(CASE WHEN (`id` = `id`) THEN 'a' ELSE `name` END)"),
        ("IF(is_new, 1, id)", "(CASE WHEN `is_new` THEN CAST(1 AS bigint) ELSE `id` END)"),
        ("CAST(amount AS DOUBLE)", "CAST(`amount` AS double)"),
        ("TRY_CAST(name AS INTEGER)", "TRY_CAST(`name` AS int)"),
        ("day = DATE '2026-01-31'", "(`day` = date'2026-01-31')"),
        ("seen_at < TIMESTAMP '2026-01-31 12:00:00'", "(`seen_at` < timestamp'2026-01-31 12:00:00+00:00')"),
        ("seen_at > day", "(`seen_at` > CAST(`day` AS timestamp))"),
    ],
)  # fmt: skip
def test_an_expression_is_written_for_spark(expression: str, sql: str) -> None:
    assert translated(expression).sql == sql


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("colour", "colour is no column of the dataset"),
        ("address.street", "address.street is no column"),
        ("amount = '5'", "CAST one of them"),
        ("address = address", "values of type struct<city: string> are not compared"),
        ("is_new < TRUE", "values of type boolean are not compared"),
        ("name LIKE name", "a pattern in quotes"),
        ("name LIKE 'a!b' ESCAPE '!'", "'!' escapes %, _ and itself"),
        ("is_new IS TRUE", "IS is evaluated with NULL"),
        ("CAST(name AS DATE)", "CAST of string to date is not evaluated"),
        ("CAST(name || 'a' AS INTEGER)", "CAST of string to int is not evaluated"),
        ("DATE '2026-02-30'", "'2026-02-30' is no date"),
        ("id IN (SELECT 1)", "a subquery is not evaluated"),
        ("CURRENT_DATE", "CURRENT_DATE is not evaluated"),
        ("day + INTERVAL '1' DAY", "INTERVAL '1' DAY is not evaluated"),
        ("row_number() OVER ()", r"ROW_NUMBER\(\) OVER \(\) is not evaluated"),
        ("NOT id", "a condition takes boolean, not long"),
        ("9999999999999999999", "beyond the whole numbers"),
    ],
)
def test_what_has_no_one_answer_is_refused_by_name(expression: str, message: str) -> None:
    with pytest.raises(NotAlike, match=message):
        translated(expression)


@pytest.mark.parametrize(
    ("expression", "is_safe"),
    [("name LIKE 'a%'", True), ("CAST(name AS INTEGER) = 1", False), ("TRY_CAST(name AS INTEGER) = 1", True)],
)
def test_what_may_fail_on_a_row_is_known(expression: str, *, is_safe: bool) -> None:
    assert translated(expression).is_safe is is_safe


def test_an_expression_knows_its_columns() -> None:
    assert translated("address.city = name OR id > 1").columns == {"address", "name", "id"}
