"""What a contract tells analysts: roles of columns, references, freshness."""

from datetime import timedelta
from pathlib import Path

import pytest

from expectations.contract import Column
from expectations.odcs.semantics import Reference, Semantics, load_semantics
from expectations.problems import ContractError
from tests.expectations.contract_files import VALID, changed, notes, problems, with_amount, write

CUSTOM = "physicalType: 'decimal(10,2)', customProperties: [{property: %s, value: %s}]"


def semantics(folder: Path, text: str) -> Semantics:
    return load_semantics(write(folder, text))


def test_a_contract_that_says_nothing_has_no_roles(tmp_path: Path) -> None:
    assert semantics(tmp_path, VALID) == Semantics()


@pytest.mark.parametrize(
    ("name", "value", "measures", "dimensions"),
    [
        ("measure", "sum", {"amount": "sum"}, ()),
        ("measure", "none", {"amount": "none"}, ()),
        ("dimension", "true", {}, ("amount",)),
        ("dimension", "false", {"amount": "none"}, ()),
    ],
)
def test_roles_are_custom_properties(
    name: str, value: str, measures: dict[str, str], dimensions: tuple[str, ...], tmp_path: Path
) -> None:
    text = with_amount(CUSTOM % (name, value))

    assert problems(tmp_path, text) == ()
    assert semantics(tmp_path, text) == Semantics(measures, dimensions)


@pytest.mark.parametrize(
    ("description", "message"),
    [
        (CUSTOM % ("measure", "total"), "expected sum or avg or min or max or none, got 'total'"),
        (CUSTOM % ("dimension", "1"), "expected true or false, got 1"),
        (CUSTOM % ("mesure", "sum"), "expected measure, got 'mesure'"),
        ("logicalType: string, customProperties: [{property: measure, value: sum}]", "amount: string"),
        (
            "physicalType: int, customProperties: "
            "[{property: measure, value: sum}, {property: dimension, value: true}]",
            "expected amount as measure or dimension, got both",
        ),
    ],
)
def test_a_role_that_the_column_cannot_have_is_a_problem(
    description: str, message: str, tmp_path: Path
) -> None:
    (problem,) = problems(tmp_path, with_amount(description))

    assert message in problem.message


def test_references_come_from_relationships_of_columns_and_of_the_dataset(tmp_path: Path) -> None:
    of_column = with_amount("physicalType: long, relationships: [{to: prices.price_id}]")
    quality = "    quality:\n      - {name: orders.any"
    assert of_column.count(quality) == 1
    text = of_column.replace(
        quality,
        "    relationships:\n"
        "      - {from: [orders.order_id, orders.amount], to: [lines.order_id, lines.line]}\n" + quality,
    )

    assert semantics(tmp_path, text).references == (
        Reference(("amount",), "prices", ("price_id",)),
        Reference(("order_id", "amount"), "lines", ("order_id", "line")),
    )
    assert notes(tmp_path, text) == []


@pytest.mark.parametrize("to", ["prices.yaml#/schema/prices/properties/id", "/schema/prices/properties/id"])
def test_a_relationship_in_another_form_is_noted(to: str, tmp_path: Path) -> None:
    text = with_amount(f"physicalType: long, relationships: [{{to: '{to}'}}]")

    assert semantics(tmp_path, text).references == ()
    assert [message for _, message in notes(tmp_path, text)] == [
        "relationships are read in the form dataset.column only"
    ]


@pytest.mark.parametrize(
    ("level", "latency"),
    [
        ("{property: latency, value: 4, unit: h}", timedelta(hours=4)),
        ("{property: latency, value: 1, unit: d}", timedelta(days=1)),
        ("{property: latency, value: 1, unit: y}", None),
        ("{property: retention, value: 1, unit: d}", None),
        ("{property: latency, value: soon}", None),
    ],
)
def test_freshness_is_the_service_level_latency(
    level: str, latency: timedelta | None, tmp_path: Path
) -> None:
    text = changed("status: active\n", f"status: active\nslaProperties: [{level}]\n")

    assert semantics(tmp_path, text).latency == latency


def test_a_file_that_is_no_contract_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractError):
        semantics(tmp_path, "apiVersion: [")


def test_roles_are_no_part_of_the_column() -> None:
    """Lambdas and jobs carry columns; what analysts read stays out of them."""
    assert {"measure", "dimension"}.isdisjoint(Column.__slots__)
