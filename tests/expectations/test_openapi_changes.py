"""The change feed in the OpenAPI document."""

from expectations.openapi import openapi
from expectations.openapi_changes import changes_operation
from tests import builders

CONTRACTS = builders.contracts()


def test_every_dataset_has_a_feed() -> None:
    paths = openapi(CONTRACTS)["paths"]

    assert all(f"/{dataset}/changes" in paths for dataset in CONTRACTS)


def test_a_page_begins_at_a_time_or_at_a_cursor() -> None:
    operation = changes_operation(CONTRACTS["products"])["get"]

    assert [one["name"] for one in operation["parameters"]] == ["since", "next", "limit"]
    assert not any("required" in one for one in operation["parameters"])
    assert {"200", "400", "404", "410", "503"} <= set(operation["responses"])
    page = operation["responses"]["200"]["content"]["application/json"]["schema"]
    change = page["properties"]["changes"]["items"]
    assert change["properties"]["data"] == {"$ref": "#/components/schemas/products.listed"}
