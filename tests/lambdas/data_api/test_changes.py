"""Data becomes a change: aligned, valid by its contract, and not too large."""

from decimal import Decimal
from typing import Any

import pytest

from tests.builders import transaction
from tests.lambdas.contracts import thing
from tests.lambdas.data_api.conftest import (
    LONG_NUMBERS,
    UPDATED,
    Call,
)


def test_a_row_is_aligned_as_in_the_source(call: Call) -> None:
    row = transaction(storeId="330", updated_at="2017-01-01T12:53:26+01:00")
    del row["store_id"], row["status"]

    assert call("POST", "/transactions", row).body == transaction() | {"_version": UPDATED}


def test_a_row_that_breaks_its_contract_is_refused_with_every_violation(call: Call) -> None:
    row = transaction(quantity=-1, sales_value=Decimal("0.123"), colour="red")
    del row["store_id"]

    answer = call("POST", "/transactions", row)

    assert (answer.status, answer.headers["content-type"]) == (422, "application/problem+json")
    assert sorted((found["path"], found["rule"]) for found in answer.body["violations"]) == [
        ("/colour", "additionalProperties"),
        ("/quantity", "minimum"),
        ("/sales_value", "multipleOf"),
        ("/store_id", "required"),
    ]
    assert answer.body["instance"] == "urn:glueline:request:UjQ3mh3doAMEPaw="


@pytest.mark.parametrize(
    ("changed", "violation"),
    [
        ({"blob": "AAA"}, ("/blob", "pattern")),
        ({"name": "x" * 2050}, ("", "key")),
        ({"name": ""}, ("/name", "minLength")),
    ],
)
def test_a_value_that_dynamodb_cannot_store_is_refused(
    call: Call, changed: dict[str, Any], violation: tuple[str, str]
) -> None:
    answer = call("POST", "/things", thing(**changed))

    assert answer.status == 422
    assert [(found["path"], found["rule"]) for found in answer.body["violations"]] == [violation]


def test_a_row_over_400_kilobytes_is_too_large(call: Call) -> None:
    assert call("POST", "/things", thing(name="a", tags=["x" * 400_000])).status == 201
    assert call("POST", "/things", thing(name="b", tags=["x" * 408_000])).status == 413


# Members of a thing with values that DynamoDB or Iceberg cannot store, and the rule that each breaks.
HOSTILE_VALUES = {
    "a number beyond any double": ('"ratio":1e400', "maximum"),
    "a number with 4,000 digits": (f'"exact":{"9" * 4000}', "maximum"),
    "a number with one digit too many before the point": (f'"exact":{"9" * 29}', "maximum"),
    "a number with one digit too many behind the point": ('"exact":0.12345678901', "multipleOf"),
    "a number beyond any exponent": ('"ratio":-1e999999', "minimum"),
    "a number beyond any double with many digits": (f'"ratio":{"1" * 20}e400', "maximum"),
    "lists in lists in lists": (f'"tags":{"[" * 900}{"]" * 900}', "depth"),
    "objects in an object's number": (f'"size":{chr(123)}"width":{chr(123)}{chr(125) * 2}', "type"),
    "a list for an object": ('"size":[]', "type"),
    "an object for a list": ('"tags":{}', "type"),
    "text that is no base64": ('"blob":"\\u0000"', "pattern"),
}


@pytest.mark.parametrize(("member", "rule"), HOSTILE_VALUES.values(), ids=HOSTILE_VALUES)
def test_a_hostile_value_breaks_a_rule_of_the_contract(call: Call, member: str, rule: str) -> None:
    body = f'{{"name":"a","day":"2026-11-24",{member}}}'

    answers = [
        call("POST", "/things", raw={"body": body}),
        call("PUT", "/things/a,2026-11-24", raw={"body": body}),
    ]

    for answer in answers:
        assert (answer.status, answer.headers["content-type"]) == (422, "application/problem+json")
        assert [found["rule"] for found in answer.body["violations"]] == [rule]
        assert len(answer.body["violations"][0]["message"]) < 400  # the value is not quoted as a whole


@pytest.mark.parametrize("column", ["exact", "ratio", "name", "size", "tags", "flag", "day"])
def test_a_number_of_any_length_does_not_fail_the_api(call: Call, column: str) -> None:
    for number in (*LONG_NUMBERS, "1e999999", "1e-999999", "-1e308", "0.1e-4301"):
        for value in (number, f'"{number}"'):
            key = "" if column in ("name", "day") else '"name":"a","day":"2026-11-24",'
            body = f'{{{key}"{column}":{value}}}'

            assert call("PUT", "/things/a,2026-11-24", raw={"body": body}).status in (200, 201, 400, 422)
