"""Lists of rows in the OpenAPI document."""

import pytest

from expectations.openapi_lists import list_description, list_parameters, page
from tests import builders
from tests.lambdas.contracts import READINGS

TRANSACTIONS = builders.contracts()["transactions"]


def test_the_columns_of_patterns_are_parameters() -> None:
    parameters = {one["name"]: one.get("description", "") for one in list_parameters(TRANSACTIONS)}

    assert set(parameters) == {"limit", "next", "order", "fields", "household_id", "transaction_timestamp"}
    assert parameters["household_id"] == "Of type long. One value, as <value> or eq:<value>."
    assert parameters["transaction_timestamp"].startswith(
        "Of type timestamp. Beside household_id: eq:<value>"
    )
    assert "begins_with" not in parameters["transaction_timestamp"]


def test_a_column_may_be_both_parts_of_patterns() -> None:
    flag = next(one for one in list_parameters(READINGS) if one["name"] == "flag")

    assert " Beside place: " in flag["description"]
    assert (
        "begins_with"
        in next(one for one in list_parameters(READINGS) if one["name"] == "label")["description"]
    )


@pytest.mark.parametrize(
    ("dataset", "words"),
    [
        ("transactions", "by_household (household_id, optionally transaction_timestamp)."),
        ("products", "no access patterns"),
    ],
)
def test_the_description_names_the_patterns(dataset: str, words: str) -> None:
    assert words in list_description(builders.contracts()[dataset])


def test_a_page_may_have_some_fields_only() -> None:
    assert page(TRANSACTIONS)["properties"]["items"]["items"] == {
        "$ref": "#/components/schemas/transactions.listed"
    }
