"""What the specification says about the members of one event."""

from base64 import b64encode
from typing import Any

import pytest

from lambdas.source.cloudevents import data_of, dataset_and_op, envelope_violations, set_members

EVENT = {"specversion": "1.0", "id": "1", "source": "till", "type": "products.upsert"}


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("products.upsert", ("products", "upsert")),
        ("com.example.products.delete", ("com.example.products", "delete")),
        ("products", ("", None)),
        ("products.UPSERT", ("", None)),
        (".upsert", ("", None)),
        (None, ("", None)),
        (["products.upsert"], ("", None)),
    ],
)
def test_a_type_names_dataset_and_operation(kind: Any, expected: tuple[str, str | None]) -> None:
    assert dataset_and_op(kind) == expected


def test_members_that_are_null_are_not_set() -> None:
    assert set_members({"id": "1", "time": None, "flag": False, "count": 0}) == {
        "id": "1",
        "flag": False,
        "count": 0,
    }


@pytest.mark.parametrize(
    ("members", "name", "row", "message"),
    [
        ({"data": {"a": 1}}, "data", {"a": 1}, None),
        ({}, "data", None, "expected an object, got nothing"),
        ({"data": "{}"}, "data", None, 'expected an object, got "{}"'),
        ({"data_base64": b64encode(b'{"a": 1.50}').decode()}, "data_base64", {"a": 1.5}, None),
        (
            {"data_base64": "e30=", "data": {}},
            "data_base64",
            None,
            "expected either data or data_base64, got both",
        ),
        ({"data_base64": "?"}, "data_base64", None, 'expected base64 of JSON in UTF-8, got "?"'),
        ({"data_base64": "Nw=="}, "data_base64", None, "expected base64 of a JSON object, got that of 7"),
    ],
)
def test_data_is_an_object_in_one_of_two_members(
    members: dict[str, Any], name: str, row: Any, message: str | None
) -> None:
    member, data, problems = data_of(members)

    assert (member, data) == (name, row)
    assert [problem.message for problem in problems] == ([] if message is None else [message])


def test_an_event_that_keeps_the_specification_has_no_violations() -> None:
    assert list(envelope_violations(EVENT)) == []
    assert list(envelope_violations(EVENT | {"time": "2026-11-30T12:00:00Z", "shop": 330})) == []


def test_a_violation_says_what_was_expected_and_what_came() -> None:
    [violation] = envelope_violations(EVENT | {"datacontenttype": "text/csv"})

    assert violation.path == "/datacontenttype"
    assert violation.message == 'expected application/json or a type that ends in +json, got "text/csv"'
