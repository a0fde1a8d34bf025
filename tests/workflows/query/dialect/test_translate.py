"""SELECTs of Athena on the local engine: the answers of Athena's engine, or an error that says why not.

`answers.jsonl` has the answers that Trino 476, the engine of Athena's version 3, gave over the tables of
`baskets`. `more_answers.jsonl` has answers by Trino's documentation. Decimals and times are text in both.
"""

from __future__ import annotations

import json
import math
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest

from tests.workflows.query.dialect.baskets import baskets
from workflows.query.dialect.errors import QueryError
from workflows.query.local_engine import query_here
from workflows.query.results import values

FOLDER: Final = Path(__file__).parent
LACKING: Final = ("format_number", "approx_most_frequent")  # not supported here


def cases(name: str) -> list[Any]:
    found = [json.loads(line) for line in (FOLDER / name).read_text().splitlines()]
    return [pytest.param(case, id=case["sql"][:80]) for case in found]


def rows_of(sql: str) -> tuple[list[str], list[list[Any]]]:
    table, _ = query_here(baskets(), sql)  # type: ignore[arg-type]  # a lake in memory
    columns = [values(column) for column in table.columns]
    return table.column_names, [[plain(value) for value in row] for row in zip(*columns, strict=True)]


def plain(value: Any) -> Any:
    """A value as JSON has it in the files of answers."""
    match value:
        case Decimal() | date() | datetime() | timedelta():
            return str(value)
        case bytes():
            return value.hex()
        case dict():
            return {str(key): plain(inner) for key, inner in value.items()}
        case list():
            return [plain(inner) for inner in value]
    return value


def is_same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-12)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(is_same, one, other))
    return type(one) is type(other) and bool(one == other)


def in_order(sql: str, rows: list[list[Any]]) -> list[list[Any]]:
    return rows if "order by" in sql.lower() else sorted(rows, key=str)


@pytest.mark.parametrize("case", cases("answers.jsonl"))
def test_an_answer_is_that_of_athenas_engine(case: dict[str, Any]) -> None:
    sql = case["sql"]
    if any(name in sql for name in LACKING):
        with pytest.raises(QueryError, match="is not supported here"):
            rows_of(sql)
        return

    columns, rows = rows_of(sql)

    assert columns == case["columns"]
    assert is_same(in_order(sql, rows), in_order(sql, case["rows"])), rows


@pytest.mark.parametrize("case", cases("more_answers.jsonl"))
def test_an_answer_is_that_of_trinos_documentation(case: dict[str, Any]) -> None:
    _, rows = rows_of(case["sql"])

    assert is_same(in_order(case["sql"], rows), in_order(case["sql"], case["rows"])), rows


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("select 7/0", "^Division by zero$"),
        ("select 7.0/0", "^Division by zero$"),
        ("select 7 % 0", "^Division by zero$"),
        ("select array[1,2][5]", "^Array subscript out of bounds$"),
        ("select map(array['a'],array[1])['b']", "^Key not present in map$"),
        ("select cast('2.5' as integer)", "^Cannot cast '2.5'$"),
        ("select cast(' 42' as bigint)", "^Cannot cast ' 42'$"),
        ("select cast('2017/01/02' as date)", "^Cannot cast '2017/01/02'$"),
        ("select cast('yes' as boolean)", "^Cannot cast 'yes'$"),
        ("select 1 from transactions where status = 1", "a text with a number: CAST status or 1"),
        ("select 1 from transactions where quantity in ('1')", "does not compare a number with a text"),
        ("select date '2017-01-01' < '2017-01-02'", "does not compare a date or timestamp with a text"),
        ("select '1' + 2", "got the text '1': CAST it"),
        ("select 1 || 'a'", "CAST it to VARCHAR"),
        ("select date '2017-01-01' + 1", "takes an INTERVAL"),
        ("select cast(1e0 as varchar)", "text of a double is not supported here"),
        ("select strftime(now(), '%Y')", "Function strftime is not supported here"),
        ("select list_sum(array[1])", "Function list_sum is not supported here"),
        ("select athena__has(array[1], 1)", "Function athena__has is not supported here"),
        ("select approx_percentile(quantity, 1, 0.5) from transactions", "with a value and a percentage"),
        ("select date_trunc('decade', date '2017-01-01')", "Unit 'decade' of date_trunc is not supported"),
        ("select date_format(now(), '%V')", "'%V' of date_format and date_parse is not supported here"),
        ("select * from transactions qualify row_number() over () = 1", "not valid SQL in Athena's dialect"),
        ("select x from (values 1) t(x) fetch first 1 rows with ties", "takes an ORDER BY"),
        ("insert into products select * from products", "only jobs write to the lake"),
        ("select 1; select 2", "Expected one SELECT, got 2 statements"),
        ("selec 1", "line 1, column 7, at '1'"),
        (
            "with t as (select if(week = 1, updated_at at time zone 'Asia/Tokyo') l from transactions) "
            "select cast(l as date) from t",
            "time zone of l is not known here",
        ),
    ],
)  # fmt: skip
def test_what_has_no_answer_here_says_so(sql: str, message: str) -> None:
    with pytest.raises(QueryError, match=message):
        rows_of(sql)
