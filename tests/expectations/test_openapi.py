import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from expectations.json_schema import KEYWORDS
from expectations.openapi import openapi
from tests import builders


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The document as a client receives it."""
    served: dict[str, Any] = json.loads(json.dumps(openapi(builders.contracts(), "https://api.example")))
    return served


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, item in value.items():
            if name == "$ref":
                yield item
            else:
                yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def test_every_dataset_has_its_routes(document: dict[str, Any]) -> None:
    operations = {
        f"{verb} {path}" for path, item in document["paths"].items() for verb in item if verb != "parameters"
    }

    assert operations == {"post /batch"} | {
        f"{verb} /{dataset}{rest}"
        for dataset in ("transactions", "products", "households")
        for rest, verbs in {
            "": ("get", "post"),
            "/changes": ("get",),
            "/{key}": ("get", "put", "patch", "delete"),
        }.items()
        for verb in verbs
    }


def test_operation_ids_are_unique(document: dict[str, Any]) -> None:
    names = [
        operation["operationId"]
        for item in document["paths"].values()
        for verb, operation in item.items()
        if verb != "parameters"
    ]

    assert len(names) == len(set(names)) == 22


def test_every_reference_is_defined(document: dict[str, Any]) -> None:
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}

    assert set(references(document)) - known == set()


@pytest.mark.parametrize(
    ("dataset", "row"),
    [
        ("transactions", builders.transaction()),
        ("products", builders.product()),
        ("households", builders.household()),
    ],
)
def test_schemas_accept_rows_of_their_datasets(
    document: dict[str, Any], dataset: str, row: dict[str, Any]
) -> None:
    schemas = document["components"]["schemas"]

    def accepts(name: str, data: dict[str, Any]) -> bool:
        validator = jsonschema_rs.Draft202012Validator(
            schemas[name], validate_formats=True, keywords={**KEYWORDS}
        )
        return validator.is_valid(data)

    assert accepts(dataset, row)
    assert accepts(f"{dataset}.stored", row | {"_version": 1})
    assert not accepts(dataset, row | {"_version": 1})


def test_a_column_with_a_default_is_optional(document: dict[str, Any]) -> None:
    assert "status" not in document["components"]["schemas"]["transactions"]["required"]
