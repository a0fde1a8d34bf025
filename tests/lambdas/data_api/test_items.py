import base64
from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer
from hypothesis import given
from hypothesis import strategies as st

from lambdas.data_api.items import MAX_ITEM_BYTES, check_size, from_item, to_item
from lambdas.data_api.problems import Problem
from lambdas.exact_json import dumps, loads
from tests.lambdas.contracts import THINGS, thing
from tests.lambdas.data_api.conftest import (
    NOW,
    Call,
    ItemOf,
)

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
things = st.fixed_dictionaries(
    {
        "name": text,
        "day": st.dates().map(str),
        "exact": st.none() | st.integers(-(10**38) + 1, 10**38 - 1).map(lambda n: Decimal(n).scaleb(-10)),
        "ratio": st.none() | st.floats(1e-100, 1e100).map(lambda n: Decimal(repr(n))),
        "flag": st.none() | st.booleans(),
        "blob": st.none() | st.binary(max_size=20).map(lambda raw: base64.b64encode(raw).decode()),
        "size": st.none()
        | st.fixed_dictionaries({"width": st.integers(-(2**31), 2**31 - 1), "unit": st.none() | text}),
        "tags": st.none() | st.lists(st.none() | text, max_size=4),
    }
)


@given(things)
def test_a_row_is_unchanged_after_json_and_dynamodb(row: dict[str, Any]) -> None:
    item = to_item(THINGS, loads(dumps(row)))

    assert from_item(THINGS, item) == row


@given(things)
def test_boto3_reads_every_item(row: dict[str, Any]) -> None:
    item: Any = to_item(THINGS, row)

    read = {name: TypeDeserializer().deserialize(value) for name, value in item.items()}

    assert read["name"] == row["name"]
    assert read.get("ratio") == row["ratio"]


def test_thirty_eight_digits_are_kept() -> None:
    row = thing(exact=Decimal("-9999999999999999999999999999.9999999999"))

    item = to_item(THINGS, row)

    assert item["exact"] == {"N": "-9999999999999999999999999999.9999999999"}
    assert dumps(from_item(THINGS, item)["exact"]) == "-9999999999999999999999999999.9999999999"


@pytest.mark.parametrize(
    ("stored", "shown"),
    [("1", "1.0000000000"), ("1E+2", "100.0000000000"), ("0", "0E-10"), ("0.5", "0.5000000000")],
)
def test_a_decimal_is_shown_with_its_scale(stored: str, shown: str) -> None:
    assert dumps(from_item(THINGS, {"exact": {"N": stored}})["exact"]) == shown


def test_a_null_column_has_no_attribute_but_a_null_element_keeps_its_place() -> None:
    item = to_item(THINGS, thing(ratio=None))

    assert "ratio" not in item
    assert item["size"] == {"M": {"width": {"N": "3"}}}
    assert item["tags"] == {"L": [{"S": "a"}, {"NULL": True}, {"S": ""}]}


def test_an_attribute_of_another_writer_is_shown_unchanged() -> None:
    row = from_item(THINGS, {"flag": {"S": "yes"}, "ratio": {"NULL": True}})

    assert (row["flag"], row["ratio"]) == ("yes", None)


def test_the_size_of_an_item_is_counted_as_dynamodb_does() -> None:
    check_size({"n": {"S": "x" * (MAX_ITEM_BYTES - 1)}})
    with pytest.raises(Problem, match=f"at most {MAX_ITEM_BYTES} bytes, got {MAX_ITEM_BYTES + 1}"):
        check_size({"n": {"S": "é" + "x" * (MAX_ITEM_BYTES - 2)}})


def test_every_type_makes_the_round_trip(call: Call) -> None:
    call("POST", "/things", thing())

    assert call("GET", "/things/left%252C%20or%2050%20%2525,2026-11-24").body == thing() | {"_version": NOW}


def test_38_digits_and_control_characters_are_kept(call: Call) -> None:
    digits, name = "-9999999999999999999999999999.9999999999", "a\0\x1b[31m\u202e"

    created = call("POST", "/things", thing(name=name, exact=Decimal(digits)))

    read = call("GET", "/" + created.headers["location"])
    assert (read.status, read.body["name"], str(read.body["exact"])) == (200, name, digits)


@pytest.mark.parametrize("value", ["1E+200", "-1.7976931348623157E+308", "1E-200", "5E-324", "9.99E+125"])
def test_a_double_beyond_the_numbers_of_dynamodb_is_stored_as_text(
    call: Call, item: ItemOf, value: str
) -> None:
    call("POST", "/things", thing(name="a", ratio=Decimal(value)))

    assert call("GET", "/things/a,2026-11-24").body["ratio"] == Decimal(value)
    assert item("things", "a,2026-11-24")["ratio"] == {"N" if value == "9.99E+125" else "S": value}


def test_a_number_too_small_for_a_double_is_zero(call: Call) -> None:
    created = call("POST", "/things", raw={"body": '{"name":"a","day":"2026-11-24","ratio":-1e-400}'})

    assert (created.status, created.body["ratio"]) == (201, 0)
