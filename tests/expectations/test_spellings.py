"""The names under which a column's values may be sent."""

import pytest
from hypothesis import given

from expectations.contract import Column, Contract
from expectations.spellings import camel_case, columns_by_spelling, spellings
from tests.expectations import strategies


@pytest.mark.parametrize(
    ("name", "expected"), [("order_id", "orderId"), ("id", "id"), ("a_b_c", "aBC"), ("week_1", "week1")]
)
def test_a_name_in_camel_case(name: str, expected: str) -> None:
    assert camel_case(name) == expected


def test_a_column_has_its_own_name_first_then_camel_case_and_aliases() -> None:
    columns = (Column("order_id", "long", aliases=("no", "OrderID")), Column("id", "long"))

    assert spellings(columns) == {"order_id": ("order_id", "orderId", "no", "OrderID"), "id": ("id",)}


def test_an_own_name_precedes_an_alias_and_an_alias_precedes_camel_case() -> None:
    columns = (
        Column("order_id", "long"),
        Column("other", "long", aliases=("orderId", "id")),
        Column("id", "long"),
    )

    assert columns_by_spelling(columns) == {
        "order_id": "order_id",
        "orderId": "other",
        "other": "other",
        "id": "id",
    }


@given(strategies.contracts())
def test_every_accepted_name_leads_to_its_column(contract: Contract) -> None:
    names = columns_by_spelling(contract.columns)

    assert {
        name: column for column, accepted in spellings(contract.columns).items() for name in accepted
    } == names
