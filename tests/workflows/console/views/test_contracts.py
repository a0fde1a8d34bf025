"""A contract as a page."""

from __future__ import annotations

import pytest

from expectations.contract import Column, Contract, Limits
from expectations.odcs import load_contracts
from expectations.openapi import openapi
from workflows.console.views import contracts as views
from workflows.console.views.contracts import SchemaVersion
from workflows.query.dialect.parser import parse

CONTRACTS = load_contracts()


def test_every_column_and_field_has_a_line() -> None:
    inner = Column("city", "string", limits=Limits(max_length=3, enum=("a", "b")))
    columns = (Column("id", "long", required=True), Column("place", "struct", fields=(inner,)))

    lines = views.column_lines(Contract("d", "1", "", columns, ("id",)))

    assert [(line.name, line.is_key, line.is_required) for line in lines] == [
        ("id", True, True),
        ("place", False, False),
        ("place.city", False, False),
    ]
    assert lines[2].limits == "max length 3; enum a, b"


def test_owner_and_service_levels_are_those_of_the_file_in_either_form() -> None:
    document = {
        "status": "active",
        "description": {"purpose": "To\n know."},
        "slaProperties": [{"property": "latency", "value": 5, "unit": "min"}],
    }
    as_list = views.owner(document | {"team": [{"username": "a@b", "role": "owner"}]})
    as_object = views.owner(document | {"team": {"name": "t", "members": [{"name": "A"}]}})

    assert (as_list.team, as_object.team) == ((("a@b", "owner"),), (("A", ""),))
    assert as_list.service_levels == (("latency", "5 min"),)
    assert as_list.purpose == "To know."
    assert views.owner({}) == views.owner({"team": None, "description": "x", "slaProperties": ["?"]})


def test_the_routes_are_those_of_the_dataset_alone() -> None:
    routes = views.routes(openapi(CONTRACTS), "products")

    assert ("GET", "/products/{key}") in [(method, path) for method, path, _ in routes]
    assert all(path.startswith("/products") for _, path, _ in routes)


@pytest.mark.parametrize("dataset", CONTRACTS)
def test_the_statements_to_start_with_are_valid_and_name_no_restricted_column(dataset: str) -> None:
    statements = views.statements(CONTRACTS, dataset)

    for one in statements:
        parse(one.sql)
        assert "household_id" not in one.sql
    assert len(statements) > 1


def test_sales_by_department_is_one_of_them() -> None:
    titles = [one.title for one in views.statements(CONTRACTS, "transactions")]

    assert "Sales value by department" in titles


def test_example_rows_leave_out_restricted_columns() -> None:
    secret = Contract("d", "1", "", (Column("id", "long", classification="restricted"),), ("id",))

    assert "household_id" not in str(views.example_sql(CONTRACTS["transactions"]))
    assert views.example_sql(secret) is None


def test_each_version_of_a_schema_says_what_it_changed() -> None:
    first = [(1, "id", "int"), (2, "name", "string"), (3, "old", "int")]
    second = [(1, "id", "long"), (2, "title", "string"), (4, "new", "date")]

    assert views.schema_versions([first, second]) == [
        SchemaVersion(
            2,
            (
                "id became long instead of int",
                "name was renamed to title",
                "new date was added",
                "old was removed",
            ),
        ),
        SchemaVersion(1, ("3 columns",)),
    ]
