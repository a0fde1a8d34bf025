"""Which columns of a result are hidden, and what chart it makes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from expectations.contract import Column, Contract
from workflows.console.views.results import chart, hidden_columns

PEOPLE = Contract(
    "people",
    "1",
    "",
    (
        Column("person_id", "long", classification="restricted"),
        Column("age", "int"),
        Column("city", "string"),
    ),
    ("person_id",),
)
OPEN = Contract("shops", "1", "", (Column("shop_id", "long"),), ("shop_id",))


@pytest.mark.parametrize(
    ("sql", "names", "hidden"),
    [
        ("select age, city from people", ["age", "city"], []),
        ("select person_id, age from people", ["person_id", "age"], ["person_id"]),
        ("select PERSON_ID from people", ["PERSON_ID"], ["PERSON_ID"]),
        ("select person_id as p, age from people", ["p", "age"], ["p"]),
        ("select max(person_id) as m, count(person_id) as c from people", ["m", "c"], ["m"]),
        ("select * from people", ["person_id", "age", "city"], ["person_id"]),
        (
            "select p.*, p.person_id + 0 as x from people p",
            ["person_id", "age", "city", "x"],
            ["person_id", "x"],
        ),
        ("select city, count(*) as n from people where person_id > 1 group by 1", ["city", "n"], []),
        ("select h from (select person_id as h from people) t", ["h"], ["h"]),
        ("with t(h, a, c) as (select * from people) select h, a from t", ["h", "a"], ["h", "a"]),
        ("select age from people union all select person_id from people", ["age"], ["age"]),
        ("select n from (select count(*) as n from people) t", ["n"], []),
        ("select p from people p", ["p"], ["p"]),
        ("select payload, batch_id from lake_ops.quarantine", ["payload", "batch_id"], ["payload"]),
        ("select array_join(reasons, ', ') as r from lake_ops.quarantine", ["r"], ["r"]),
        ("select _key from people_changes", ["_key"], ["_key"]),
    ],
)
def test_what_is_made_of_a_restricted_column_is_hidden(sql: str, names: list[str], hidden: list[str]) -> None:
    assert hidden_columns(sql, names, [PEOPLE, OPEN]) == set(hidden)


def test_without_restricted_columns_nothing_is_hidden() -> None:
    assert hidden_columns("select payload, _key from x", ["payload", "_key"], [OPEN]) == frozenset()


def test_labels_and_numbers_make_bars_and_times_make_a_line_in_their_order() -> None:
    bars = chart(["city", "n"], [("b", 2), ("a", None), (None, Decimal("1.5"))])
    line = chart(["n", "day"], [(1, date(2026, 1, 2)), (2, date(2026, 1, 1))])

    assert bars == {
        "type": "bar",
        "labels": ["b", "a", "null"],
        "series": [{"name": "n", "values": [2.0, None, 1.5]}],
    }
    assert line is not None
    assert (line["type"], line["labels"]) == ("line", ["2026-01-01", "2026-01-02"])
    assert line["series"][0]["values"] == [2.0, 1.0]


def test_the_texts_of_athena_are_numbers_too() -> None:
    found = chart(["city", "n"], [("a", "1.5"), ("b", "2")])

    assert found is not None
    assert found["series"] == [{"name": "n", "values": [1.5, 2.0]}]


def test_a_series_that_another_would_dwarf_is_left_out() -> None:
    found = chart(["city", "sales", "rows", "cost"], [("a", 1000, 3, 900), ("b", 800, 2, 700)])

    assert found is not None
    assert [one["name"] for one in found["series"]] == ["sales", "cost"]


@pytest.mark.parametrize(
    ("names", "rows"),
    [(["a"], [(1,)]), (["a", "b"], []), (["a", "b"], [("x", "y")]), (["a", "b"], [("x", True)])],
)
def test_other_results_make_no_chart(names: list[str], rows: list[tuple[object, ...]]) -> None:
    assert chart(names, rows) is None
