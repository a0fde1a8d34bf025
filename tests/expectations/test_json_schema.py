import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.align import Op, align
from expectations.contract import NO_LIMITS, Column, Contract, Limits, Row
from expectations.json_schema import KEYWORDS, data_schema
from tests import builders
from tests.expectations import strategies

type Check = Callable[[Any], list[tuple[str, str]]]


def checker(contract: Contract, op: Op = "upsert") -> Check:
    """Row -> (path, keyword) of every violation."""
    validator = jsonschema_rs.Draft202012Validator(
        data_schema(contract, op), validate_formats=True, keywords={**KEYWORDS}
    )
    return lambda row: sorted(
        ("/".join(map(str, error.instance_path)), str(error.schema_path[-1]))
        for error in validator.iter_errors(row)
    )


def of(column: Column) -> Check:
    return checker(Contract("samples", "1", "", (column,), ()))


@pytest.mark.parametrize("dataset", ["transactions", "products", "households"])
def test_every_real_row_is_accepted(dataset: str) -> None:
    check = checker(builders.contracts()[dataset])

    assert [row for row in builders.real_rows(dataset, every=97) if check(row)] == []


def test_all_violations_of_a_row_are_reported() -> None:
    check = checker(builders.contracts()["transactions"])
    row: Row = builders.transaction(quantity=-1, status="lost", sales_value="much", colour="red", week=54)
    del row["store_id"]

    assert check(row) == [
        ("", "additionalProperties"),
        ("", "required"),
        ("quantity", "minimum"),
        ("sales_value", "type"),
        ("status", "enum"),
        ("week", "maximum"),
    ]


@pytest.mark.parametrize(
    ("kind", "value", "broken"),
    [
        ("string", 5, ["type"]),
        ("boolean", "true", ["type"]),
        ("int", 2**31 - 1, []),
        ("int", 2**31, ["maximum"]),
        ("int", -(2**31) - 1, ["minimum"]),
        ("int", True, ["type"]),
        ("int", Decimal("1.5"), ["type"]),
        ("long", 2**63 - 1, []),
        ("long", 2**63, ["maximum"]),
        ("long", -(2**63) - 1, ["minimum"]),
        ("decimal(10,2)", Decimal("99999999.99"), []),
        ("decimal(10,2)", Decimal("1E+7"), []),
        ("decimal(10,2)", 5, []),
        ("decimal(10,2)", Decimal("100000000"), ["maximum"]),
        ("decimal(10,2)", Decimal("0.001"), ["multipleOf"]),
        ("decimal(10,2)", Decimal("NaN"), ["type"]),
        ("decimal(38,10)", Decimal("9999999999999999999999999999.9999999999"), []),
        ("decimal(38,10)", Decimal("9999999999999999999999999999.99999999991"), ["maximum", "multipleOf"]),
        ("decimal(38,0)", 10**38 - 1, []),
        ("decimal(38,0)", Decimal("1125899920410294.9"), ["type"]),
        ("decimal(38,0)", 10**38, ["maximum"]),
        ("float", Decimal("3.4028235E+38"), []),
        ("float", Decimal("3.4028235677973366E+38"), []),  # the nearest float is the greatest
        ("float", Decimal("3.4028235677973367E+38"), ["maximum"]),
        ("float", Decimal("-1E+39"), ["minimum"]),
        ("float", Decimal("1E-60"), []),
        ("double", Decimal("1.7976931348623157E+308"), []),
        ("double", Decimal("1.797693134862316E+308"), ["maximum"]),
        ("double", Decimal("-1E+400"), ["minimum"]),
        ("date", "2017-01-31", []),
        ("date", "2017-02-30", ["format"]),
        ("date", "20170131", ["format"]),
        ("timestamp", "2017-01-31T10:00:00Z", []),
        ("timestamp", "2017-01-31T10:00:00.123000Z", []),
        ("timestamp", "soon", ["format"]),
        ("timestamp", "2017-02-30T10:00:00Z", ["format"]),
        ("timestamp", "2017-01-31T10:00:00+01:00", ["pattern"]),
        ("timestamp", "2017-01-31T10:00:00.5Z", ["pattern"]),
        ("timestamp", "2016-12-31T23:59:60Z", ["pattern"]),
        ("timestamp", 1483271606, ["type"]),
        ("binary", "aGk=", []),
        ("binary", "not base64!", ["pattern"]),
    ],
)
def test_each_type_accepts_only_its_values(kind: str, value: Any, broken: list[str]) -> None:
    assert of(Column("c", kind, required=True))({"c": value}) == [("c", keyword) for keyword in broken]


@given(st.data(), strategies.decimal_types)
def test_a_decimal_is_accepted_exactly_if_its_type_can_hold_it(data: st.DataObject, kind: str) -> None:
    precision, scale = Column("c", kind).precision_scale
    places = data.draw(st.integers(-3, 45))
    digits = data.draw(st.integers(-(10**42), 10**42))
    value = Decimal((int(digits < 0), tuple(int(digit) for digit in str(abs(digits))), -places))

    fits = (digits * 10**scale) % 10 ** max(places, 0) == 0 and abs(digits) * 10**scale < 10 ** (
        precision + places
    )

    assert (of(Column("c", kind, required=True))({"c": value}) == []) is fits


@given(strategies.columns(), st.data())
def test_every_canonical_value_is_accepted(column: Column, data: st.DataObject) -> None:
    value = data.draw(strategies.values(column))

    assert of(column)({column.name: value}) == []


@pytest.mark.parametrize(
    ("limits", "kind", "value", "broken"),
    [
        (Limits(minimum=1, maximum=5), "int", 0, ["minimum"]),
        (Limits(minimum=1, maximum=5), "int", 6, ["maximum"]),
        (Limits(maximum=10**12), "int", 2**31, ["maximum"]),
        (Limits(maximum=1e50), "float", Decimal("1E+45"), ["maximum"]),
        (Limits(minimum=-(10**12)), "int", -(2**31) - 1, ["minimum"]),
        (Limits(minimum=0.01), "decimal(10,2)", Decimal("0.01"), []),
        (Limits(minimum=0.01), "decimal(10,2)", Decimal("0.00"), ["minimum"]),
        (Limits(maximum=1e17), "decimal(38,1)", Decimal("100000000000000000.1"), ["maximum"]),
        (Limits(exclusive_minimum=0, exclusive_maximum=1), "double", 0, ["exclusiveMinimum"]),
        (Limits(maximum=1e17), "decimal(38,1)", Decimal("100000000000000000.1"), ["maximum"]),
        (Limits(exclusive_minimum=0, exclusive_maximum=1), "double", 1, ["exclusiveMaximum"]),
        (Limits(min_length=2, max_length=3), "string", "a", ["minLength"]),
        (Limits(min_length=2, max_length=3), "string", "žluť", ["maxLength"]),
        (Limits(pattern="^[A-Z]+$"), "string", "a", ["pattern"]),
        (Limits(enum=("a", "b")), "string", "c", ["enum"]),
        (Limits(not_in=("n/a",)), "string", "n/a", ["not"]),
        (Limits(not_in=("n/a",)), "string", "n", []),
        (Limits(multiple_of=0.5), "double", Decimal("1.5"), []),
        (Limits(multiple_of=3), "double", Decimal("1E+22"), ["doubleMultipleOf"]),
        (Limits(multiple_of=5), "double", Decimal("1E+400"), ["maximum"]),
        (Limits(multiple_of=0.5), "double", Decimal("1.6"), ["doubleMultipleOf"]),
        (Limits(multiple_of=0.5), "double", "1.6", ["type"]),
        (Limits(not_in=(0.1,)), "decimal(38,18)", Decimal("0.100000000000000001"), []),
        (Limits(minimum="2017-01-01"), "date", "2017-01-01", []),
        (Limits(minimum="2017-01-01"), "date", "2016-12-31", ["formatMinimum"]),
        (Limits(maximum="2017-01-01T00:00:00Z"), "timestamp", "2017-01-01T00:00:00Z", []),
        (
            Limits(maximum="2017-01-01T00:00:00Z"),
            "timestamp",
            "2017-01-01T00:00:00.000001Z",
            ["formatMaximum"],
        ),
        (Limits(minimum="2017-01-01T00:00:00.5Z"), "timestamp", "2017-01-01T00:00:00Z", ["formatMinimum"]),
        (Limits(exclusive_minimum="2017-01-01"), "date", "2017-01-01", ["formatExclusiveMinimum"]),
        (Limits(exclusive_maximum="2017-01-01"), "date", "2017-01-01", ["formatExclusiveMaximum"]),
        (Limits(minimum="2017-01-01"), "date", "no date", ["format"]),
    ],
)
def test_limits_are_checked(limits: Limits, kind: str, value: Any, broken: list[str]) -> None:
    check = of(Column("c", kind, required=True, limits=limits))

    assert check({"c": value}) == [("c", keyword) for keyword in broken]


@pytest.mark.parametrize(
    ("required", "row", "broken"),
    [
        (True, {}, [("", "required")]),
        (True, {"c": None}, [("c", "enum")]),
        (False, {}, []),
        (False, {"c": None}, []),
    ],
)
def test_an_optional_column_may_be_absent_or_null(
    required: bool, row: Row, broken: list[tuple[str, str]]
) -> None:
    assert of(Column("c", "string", required=required, limits=Limits(enum=("a",))))(row) == broken


def test_values_in_structs_and_lists_are_checked_too() -> None:
    inner = (Column("a", "int", required=True), Column("b", "string"))
    element = Column("element", "struct<a: int, b: string>", required=True, fields=inner)
    check = of(Column("c", f"list<{element.type}>", fields=(element,), limits=Limits(max_items=2)))

    assert check({"c": [{"a": 1}, {"a": 1, "b": None}]}) == []
    assert check({"c": [{"b": 1, "d": 2}, None, {"a": 1}]}) == [
        ("c", "maxItems"),
        ("c/0", "additionalProperties"),
        ("c/0", "required"),
        ("c/0/b", "type"),
        ("c/1", "type"),
    ]


def test_a_delete_needs_only_its_key_and_sequence_column() -> None:
    check = checker(builders.contracts()["transactions"], "delete")

    assert check({"basket_id": 1, "product_id": 2, "updated_at": "2017-01-01T00:00:00Z"}) == []
    assert check({"basket_id": 1, "quantity": -1}) == [
        ("", "required"),
        ("", "required"),
        ("quantity", "minimum"),
    ]


@pytest.mark.parametrize("op", ["upsert", "delete"])
@pytest.mark.parametrize(
    ("kind", "last", "beyond", "rule"),
    [
        ("int", 2**31 - 3, 2**31 - 2, "maximum"),
        ("long", 2**63 - 3, 2**63 - 2, "maximum"),
        ("timestamp", "9999-12-31T23:59:59.999997Z", "9999-12-31T23:59:59.999998Z", "formatMaximum"),
    ],
)
def test_the_last_two_values_of_a_sequence_are_reserved(
    op: Op, kind: str, last: Any, beyond: Any, rule: str
) -> None:
    def check(limits: Limits = NO_LIMITS) -> Check:
        column = Column("c", kind, required=True, limits=limits)
        return checker(Contract("samples", "1", "", (column,), (), sequence_column="c"), op)

    assert check()({"c": last}) == []
    assert check()({"c": beyond}) == [("c", rule)]
    wider = "9999-12-31T23:59:59.999999Z" if kind == "timestamp" else 2**70
    assert check(Limits(maximum=wider))({"c": beyond}) == [("c", rule)]
    narrower = "2017-01-01T00:00:00Z" if kind == "timestamp" else 5
    assert check(Limits(maximum=narrower))({"c": last}) == [("c", rule)]


def test_a_text_key_is_not_empty() -> None:
    check = checker(Contract("samples", "1", "", (Column("k", "string", required=True),), ("k",)))

    assert check({"k": ""}) == [("k", "minLength")]


def test_a_message_is_read_aligned_and_accepted_without_a_float() -> None:
    contract = builders.contracts()["transactions"]
    text = """{"basketId": "1", "productId": 2, "householdId": 3, "storeId": 4,
        "quantity": "1", "salesValue": 0.10,
        "retailDisc": "0.20", "couponDisc": 0, "couponMatchDisc": 0.0, "week": 1,
        "transactionTimestamp": "2017-01-01T12:53:26+01:00", "updatedAt": "2017-01-01 11:53:26"}"""

    row, _ = align(contract, json.loads(text, parse_float=Decimal))

    assert checker(contract)(row) == []
    assert row == builders.transaction(
        basket_id=1,
        product_id=2,
        household_id=3,
        store_id=4,
        sales_value=Decimal("0.10"),
        retail_disc=Decimal("0.20"),
        coupon_disc=0,
        coupon_match_disc=Decimal("0.0"),
    )


@pytest.mark.parametrize(
    ("kind", "step", "value", "broken"),
    [
        ("int", 5, 10, []),
        ("int", 5, -10, []),
        ("int", 5, 12, ["multipleOf"]),
        ("long", 3, 9007199254740993, []),
        ("long", 3, 9007199254740994, ["multipleOf"]),
        ("decimal(10,2)", 0.05, Decimal("0.15"), []),
        ("decimal(10,2)", 0.05, Decimal("0.16"), ["multipleOf"]),
        ("decimal(10,2)", 5, Decimal("10.00"), []),
        ("decimal(10,2)", 5, 10, []),
        ("decimal(10,2)", 5, Decimal("12.50"), ["multipleOf"]),
        ("decimal(38,2)", 0.05, Decimal("123456789012345678901234567890123456.15"), []),
        ("decimal(38,2)", 0.05, Decimal("123456789012345678901234567890123456.16"), ["multipleOf"]),
        ("decimal(38,2)", 5, Decimal("123456789012345678901234567890123456.15"), ["multipleOf"]),
    ],
)
def test_multiples_are_compared_digit_by_digit(
    kind: str, step: float, value: float | Decimal, broken: list[str]
) -> None:
    check = of(Column("amount", kind, limits=Limits(multiple_of=step)))

    assert [keyword for _, keyword in check({"amount": value})] == broken
