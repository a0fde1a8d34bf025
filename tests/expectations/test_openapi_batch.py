"""The batch of changes in the OpenAPI document."""

import jsonschema_rs
import pytest

from expectations.openapi_batch import batch_operation
from lambdas.data_api.batch import MAX_CHANGES
from tests.builders import contracts

BODY = batch_operation(contracts())["requestBody"]["content"]["application/json"]["schema"]


def test_a_change_of_each_dataset_is_an_upsert_or_a_delete() -> None:
    changes = BODY["properties"]["changes"]["items"]["oneOf"]

    assert {
        (one["properties"]["dataset"]["const"], one["properties"]["op"]["const"]): one["properties"]["data"]
        for one in changes
    } == {
        (dataset, op): {"$ref": f"#/components/schemas/{dataset}{suffix}"}
        for dataset in contracts()
        for op, suffix in (("upsert", ""), ("delete", ".delete"))
    }


@pytest.mark.parametrize(("number", "is_accepted"), [(MAX_CHANGES, True), (MAX_CHANGES + 1, False)])
def test_a_batch_has_as_many_changes_as_the_api_takes(number: int, *, is_accepted: bool) -> None:
    items = {"const": 1}
    changes = BODY["properties"]["changes"] | {"items": items}
    validator = jsonschema_rs.Draft202012Validator(BODY | {"properties": {"changes": changes}})

    assert validator.is_valid({"changes": [1] * number}) is is_accepted
