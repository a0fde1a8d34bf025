from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from expectations.contract import Column, Contract, Row
from expectations.keys import InvalidKey, decode_key, encode_key
from tests import builders
from tests.expectations import strategies


def keyed(*kinds: str) -> Contract:
    columns = tuple(Column(f"k{number}", kind, required=True) for number, kind in enumerate(kinds))
    return Contract("samples", "1", "", columns, tuple(column.name for column in columns))


@given(strategies.keyed_rows())
def test_a_key_survives_its_text(keyed_row: tuple[Contract, Row]) -> None:
    contract, row = keyed_row

    text = encode_key(contract, row)

    assert decode_key(contract, text) == row
    assert encode_key(contract, decode_key(contract, text)) == text


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("long", 31198570044, "31198570044"),
        ("int", -7, "-7"),
        ("string", "a/b,c d", "a%2Fb%2Cc%20d"),
        ("string", "žluť", "%C5%BElu%C5%A5"),
        ("decimal(10,2)", Decimal("1.5"), "1.50"),
        ("decimal(10,2)", 3, "3.00"),
        ("decimal(10,2)", Decimal("-0"), "0.00"),
        ("decimal(3,3)", Decimal("0.125"), "0.125"),
        ("boolean", True, "true"),
        ("date", "2017-01-31", "2017-01-31"),
        ("date", date(2017, 1, 31), "2017-01-31"),
        ("timestamp", "2017-01-31T10:00:00.500000Z", "2017-01-31T10%3A00%3A00.500000Z"),
        ("timestamp", datetime(2017, 1, 31, 10, tzinfo=UTC), "2017-01-31T10%3A00%3A00Z"),
        (
            "timestamp",
            datetime(2017, 1, 31, 12, tzinfo=timezone(timedelta(hours=2))),
            "2017-01-31T10%3A00%3A00Z",
        ),
    ],
)
def test_every_type_has_one_text(kind: str, value: Any, text: str) -> None:
    assert encode_key(keyed(kind), {"k0": value}) == text


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("long", None),
        ("long", 2**63),
        ("int", -(2**31) - 1),
        ("long", "7"),
        ("long", True),
        ("long", Decimal(7)),
        ("string", ""),
        ("string", 7),
        ("string", "\ud800"),
        ("string", "x" * 2049),
        ("decimal(4,2)", Decimal("1.005")),
        ("decimal(4,2)", Decimal("100")),
        ("decimal(4,2)", Decimal("1E+1000000")),
        ("decimal(4,2)", Decimal("NaN")),
        ("timestamp", "2017-01-31T10:00:00+00:00"),
        ("date", datetime(2017, 1, 31, tzinfo=UTC)),
        ("date", "2017-02-30"),
    ],
)
def test_a_row_without_a_valid_key_has_no_key_text(kind: str, value: Any) -> None:
    with pytest.raises(InvalidKey, match="samples"):
        encode_key(keyed(kind), {"k0": value})


@pytest.mark.parametrize(
    ("kinds", "text"),
    [
        (["long"], "007"),
        (["long"], "+7"),
        (["long"], "7.0"),
        (["long"], "9" * 5000),
        (["long"], ""),
        (["long"], "%37"),
        (["long"], "1,2"),
        (["long", "long"], "1"),
        (["string"], "a b"),
        (["string"], "%c3%a9"),
        (["string"], "%FF"),
        (["decimal(10,2)"], "1.5"),
        (["decimal(10,2)"], "-0.00"),
        (["boolean"], "True"),
        (["date"], "20170131"),
        (["timestamp"], "2017-01-31T10:00:00Z"),
    ],
)
def test_a_text_that_is_not_canonical_is_not_a_key(kinds: list[str], text: str) -> None:
    with pytest.raises(InvalidKey, match="samples"):
        decode_key(keyed(*kinds), text)


def test_the_error_shows_the_form_of_the_key() -> None:
    with pytest.raises(InvalidKey, match=r"transactions: expected \{basket_id\},\{product_id\}, got '7'"):
        decode_key(builders.contracts()["transactions"], "7")


def test_a_line_of_a_basket_has_basket_and_product_as_key() -> None:
    contract = builders.contracts()["transactions"]

    assert encode_key(contract, builders.transaction()) == "31198570044,1095275"
    assert decode_key(contract, "31198570044,1095275") == {"basket_id": 31198570044, "product_id": 1095275}
