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
