"""The `sources.yml` of dbt. tests/e2e/test_analysts.py lets dbt read and run one."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlglot
import yaml

from expectations.contract import Column, Contract, Limits
from expectations.odcs import load_contracts
from expectations.odcs.semantics import Reference, Semantics
from expectations.spark_schema import CHANGES_BOOKKEEPING, TABLE_BOOKKEEPING
from workflows.analysts.datasets import Dataset
from workflows.analysts.dbt_sources import sources_yml

PRICES = Dataset(Contract("prices", "1.0.0", "", (Column("id", "long", required=True),), ("id",)))
LINES = Dataset(
    Contract(
        "lines",
        "2.1.0",
        "What was ordered: line by line.",
        (
            Column("order_id", "string", required=True, classification="restricted"),
            Column("line", "int", required=True, description="Counts from 1."),
            Column("price_id", "long"),
            Column("state", "string", limits=Limits(enum=("on", "off"))),
            Column("rate", "int", limits=Limits(enum=(7, 19))),
        ),
        ("order_id", "line"),
    ),
    Semantics(references=(Reference(("price_id",), "prices", ("id",)),), latency=timedelta(minutes=90)),
)


def tables() -> dict[str, Any]:
    (source,) = yaml.safe_load(sources_yml([PRICES, LINES], "shop_lake"))["sources"]
    assert (source["name"], source["database"], source["schema"]) == (
        "shop_lake",
        "awsdatacatalog",
        "shop_lake",
    )
    return {table["name"]: table for table in source["tables"]}


def columns(table: str) -> dict[str, Any]:
    return {column["name"]: column for column in tables()[table]["columns"]}


def test_each_dataset_has_its_table_and_its_changes() -> None:
    assert list(tables()) == ["prices", "prices_changes", "lines", "lines_changes"]
    assert tables()["lines"]["description"] == "What was ordered: line by line."
    assert set(columns("lines")) - {"order_id", "line", "price_id", "state", "rate"} <= set(
        TABLE_BOOKKEEPING.fieldNames()
    )
    assert set(columns("prices_changes")) - {"id"} <= set(CHANGES_BOOKKEEPING.fieldNames())


def test_columns_have_type_description_and_classification() -> None:
    found = columns("lines")

    assert found["line"]["data_type"] == "int"
    assert found["line"]["description"] == "Counts from 1."
    assert found["order_id"]["config"] == {"meta": {"classification": "restricted"}}


def test_tests_follow_from_required_keys_values_and_references() -> None:
    found = columns("lines")

    assert found["order_id"]["data_tests"] == ["not_null"]
    assert found["state"]["data_tests"] == [{"accepted_values": {"arguments": {"values": ["on", "off"]}}}]
    assert found["rate"]["data_tests"] == [
        {"accepted_values": {"arguments": {"values": [7, 19], "quote": False}}}
    ]
    assert found["price_id"]["data_tests"] == [
        {
            "relationships": {
                "arguments": {"to": "source('shop_lake', 'prices')", "field": "id"},
                "config": {"severity": "warn"},
            }
        }
    ]
    assert columns("prices")["id"]["data_tests"] == ["not_null", "unique"]
    assert tables()["lines"]["data_tests"] == [
        {"unique": {"name": "lines_key_unique", "arguments": {"column_name": "row(order_id, line)"}}}
    ]


def test_only_the_key_of_a_change_is_sure_to_have_values() -> None:
    with_tests = [name for name, column in columns("lines_changes").items() if "data_tests" in column]

    assert with_tests == ["order_id", "line"]


def test_freshness_is_that_of_the_contract_or_a_day() -> None:
    fresh = {name: table["config"]["freshness"]["warn_after"] for name, table in tables().items()}

    assert fresh["lines"] == fresh["lines_changes"] == {"count": 90, "period": "minute"}
    assert fresh["prices"] == {"count": 1, "period": "day"}
    assert tables()["lines"]["config"]["loaded_at_field"] == "_updated_at"
    assert tables()["lines_changes"]["config"]["loaded_at_field"] == "_ingested_at"


@pytest.mark.parametrize(
    ("within", "expected"),
    [
        (timedelta(days=2), {"count": 2, "period": "day"}),
        (timedelta(hours=36), {"count": 36, "period": "hour"}),
        (timedelta(seconds=5), {"count": 1, "period": "minute"}),
    ],
)
def test_periods_are_those_of_dbt(within: timedelta, expected: dict[str, Any]) -> None:
    text = sources_yml([Dataset(PRICES.contract, Semantics(latency=within))], "lake")

    (table, _) = yaml.safe_load(text)["sources"][0]["tables"]
    assert table["config"]["freshness"]["warn_after"] == expected


@pytest.mark.parametrize(
    ("kind", "value", "literal"),
    [
        ("date", "2026-11-30", "date '2026-11-30'"),
        ("timestamp", "2026-11-30T12:00:00Z", "from_iso8601_timestamp('2026-11-30T12:00:00Z')"),
        ("long", 7, "7"),
        ("decimal(4,2)", "1.10", "1.10"),
        ("boolean", True, "True"),  # as Jinja writes it
    ],
)
def test_allowed_values_compare_in_athena_with_columns_of_their_type(
    kind: str, value: Any, literal: str
) -> None:
    column = Column("c", kind, limits=Limits(enum=(value,)))
    contract = replace(load_contracts()["products"], columns=(column,), key=("c",))
    document = yaml.safe_load(sources_yml([Dataset(contract)], "lake"))
    [test] = [
        one["accepted_values"]["arguments"]
        for one in document["sources"][0]["tables"][0]["columns"][0]["data_tests"]
        if "accepted_values" in one
    ]

    assert test["quote"] is False
    assert [str(one) for one in test["values"]] == [literal]
    parsed = sqlglot.parse_one(f"select c in ({literal}) from t", dialect="athena")
    assert not parsed.find(sqlglot.exp.Sub)  # a date without quotes would be a difference
