import sys
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.align import WHITESPACE, Adjustment, align
from expectations.contract import Column, Contract, Row
from expectations.spellings import camel_case
from tests import builders
from tests.expectations import strategies


def of(*columns: Column) -> Contract:
    return Contract("samples", "1", "", columns, (columns[0].name,))


@pytest.mark.parametrize(
    ("kind", "given_value", "aligned", "rule"),
    [
        ("string", "  Private ", "Private", "trim"),
        ("string", " ", "", "trim"),
        ("long", " 31198570044", 31198570044, "number"),
        ("int", "+5", 5, "number"),
        ("int", "5.0", 5, "number"),
        ("int", "1e3", 1000, "number"),
        ("decimal(10,2)", "0.50", Decimal("0.50"), "number"),
        ("decimal(38,10)", "1234567890123456789012345678.0123456789", None, "number"),
        ("double", "2.5e-3", Decimal("0.0025"), "number"),
        ("timestamp", "2017-01-01 11:53:26+02:00", "2017-01-01T09:53:26Z", "timestamp"),
        ("timestamp", " 2017-01-01 ", "2017-01-01T00:00:00Z", "timestamp"),
        ("date", "20170131", "2017-01-31", "date"),
        ("date", " 2017-01-31 ", "2017-01-31", "date"),
        ("date", "2017-01-31T00:00:00.000Z", "2017-01-31", "date"),
        ("date", "2017-01-31 00:00", "2017-01-31", "date"),
        ("binary", " aGk= ", "aGk=", "trim"),
    ],
)
def test_a_value_is_brought_into_the_contracts_form(
    kind: str, given_value: Any, aligned: Any, rule: str
) -> None:
    aligned = Decimal(given_value) if aligned is None else aligned

    row, adjustments = align(of(Column("c", kind)), {"c": given_value})

    assert (row, type(row["c"])) == ({"c": aligned}, type(aligned))
    assert adjustments == [Adjustment("/c", rule, given_value, aligned)]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("string", "Private"),
        ("string", 5),
        ("string", None),
        ("int", 5),
        ("int", "five"),
        ("int", "5.5"),
        ("int", ""),
        ("int", "1,000"),
        ("int", "٣"),
        ("int", "9" * 5000),
        ("int", "1e999"),
        ("int", True),
        ("int", [5]),
        ("decimal(10,2)", Decimal("0.50")),
        ("decimal(10,2)", Decimal("NaN")),
        ("decimal(10,2)", "NaN"),
        ("decimal(10,2)", "0x10"),
        ("boolean", "true"),
        ("timestamp", "2017-01-01T11:53:26Z"),
        ("timestamp", "2017-02-30T11:53:26Z"),
        ("timestamp", 1483271606),
        ("date", "2017-02-30"),
        ("date", "2017-01-31T10:00:00Z"),
        ("date", "2017-01-31T00:00:00+01:00"),
        ("struct<a: int>", 5),
        ("list<int>", "5"),
    ],
)
def test_valid_and_ambiguous_values_are_not_changed(kind: str, value: Any) -> None:
    fields = {"struct": (Column("a", "int"),), "list": (Column("element", "int"),)}.get(
        kind.partition("<")[0], ()
    )

    row, adjustments = align(of(Column("c", kind, fields=fields)), {"c": value})

    assert row["c"] is value
    assert adjustments == []


@pytest.mark.parametrize(
    ("kind", "value", "aligned"),
    [
        ("int", Decimal("5.0"), 5),
        ("int", 5.0, 5),
        ("decimal(10,2)", 0.1, Decimal("0.1")),
        ("double", Decimal("0.1000000000000000055511151231257827"), Decimal("0.1")),
        ("double", Decimal("1E-400"), Decimal("0.0")),  # smaller than the smallest double
        ("float", Decimal("-1E-999999"), Decimal("-0.0")),
        ("double", Decimal("5E-324"), Decimal("5E-324")),
        (
            "double",
            Decimal("1E+400"),
            Decimal("1E+400"),
        ),  # greater than the greatest double, which the JSON Schema reports
        ("double", Decimal("1.00000000000000000001E+400"), Decimal("1.00000000000000000001E+400")),
    ],
)
def test_a_number_gets_its_exact_type_without_an_adjustment(kind: str, value: Any, aligned: Any) -> None:
    row, adjustments = align(of(Column("c", kind)), {"c": value})

    assert (row["c"], type(row["c"]), adjustments) == (aligned, type(aligned), [])


def test_whitespace_is_what_strip_removes() -> None:
    assert "".join(filter(str.isspace, map(chr, range(sys.maxunicode + 1)))) == WHITESPACE


def test_aliases_and_camel_case_become_column_names() -> None:
    contract = of(Column("order_id", "long"), Column("sold_at", "string", aliases=("time", "when")))

    row, adjustments = align(contract, {"orderId": 1, "when": "now"})

    assert row == {"order_id": 1, "sold_at": "now"}
    assert adjustments == [
        Adjustment("/order_id", "name", "orderId", "order_id"),
        Adjustment("/sold_at", "name", "when", "sold_at"),
    ]


@pytest.mark.parametrize(
    "data",
    [
        {"order_id": 1, "orderId": 2},
        {"orderId": 2, "order_id": 1},
        {"OrderID": 1},
        {"order-id": 1},
        {"extra": None},
    ],
)
def test_an_ambiguous_name_is_left_to_the_schema(data: Row) -> None:
    assert align(of(Column("order_id", "long")), data) == (data, [])


def test_two_aliases_of_one_column_do_not_overwrite_each_other() -> None:
    contract = of(Column("sold_at", "string", aliases=("time", "when")))

    assert align(contract, {"time": "a", "when": "b"})[0] == {"sold_at": "a", "when": "b"}


def test_defaults_fill_what_is_absent_but_not_what_is_null() -> None:
    contract = of(Column("status", "string", default="pending", has_default=True))

    assert align(contract, {}) == ({"status": "pending"}, [Adjustment("/status", "default", None, "pending")])
    assert align(contract, {"status": None}) == ({"status": None}, [])


def test_a_default_with_a_fraction_is_exact() -> None:
    assert align(of(Column("rate", "decimal(4,2)", default=0.1, has_default=True)), {})[0] == {
        "rate": Decimal("0.1")
    }


def test_a_delete_gets_no_defaults() -> None:
    key = {"basket_id": 1, "product_id": 2, "updated_at": "2017-01-01T00:00:00Z"}

    assert align(builders.contracts()["transactions"], key, "delete") == (key, [])


def test_structs_and_lists_are_aligned_inside() -> None:
    size = Column("size", "struct<in_cm: decimal(4,1)>", fields=(Column("in_cm", "decimal(4,1)"),))
    contract = of(
        Column("sizes", f"list<{size.type}>", fields=(Column("element", size.type, fields=size.fields),))
    )

    row, adjustments = align(contract, {"sizes": [{"inCm": "1.5"}, None, "odd"]})

    assert row == {"sizes": [{"in_cm": Decimal("1.5")}, None, "odd"]}
    assert adjustments == [
        Adjustment("/sizes/0/in_cm", "name", "inCm", "in_cm"),
        Adjustment("/sizes/0/in_cm", "number", "1.5", Decimal("1.5")),
    ]


def test_the_given_data_is_not_modified() -> None:
    data = {"quantity": " 1", "storeId": 5}

    align(builders.contracts()["transactions"], data)

    assert data == {"quantity": " 1", "storeId": 5}


@given(strategies.contracts(), st.data())
def test_aligning_twice_changes_nothing_more(contract: Contract, data: st.DataObject) -> None:
    spellings = st.sampled_from(
        [spelling for c in contract.columns for spelling in (c.name, camel_case(c.name))]
    )
    odd = (
        strategies.json_values
        | st.decimals()
        | st.sampled_from([" 1.0", "20170101", "2017-01-01 10:00+01", "1e5"])
    )
    row = data.draw(odd | st.dictionaries(spellings | strategies.texts, odd))

    once, _ = align(contract, row)
    twice, adjustments = align(contract, once)

    assert repr(twice) == repr(once)  # as text, since a NaN does not equal itself
    assert adjustments == []


@given(strategies.contracts(), st.data())
def test_an_aligned_row_is_not_changed(contract: Contract, data: st.DataObject) -> None:
    row = {column.name: data.draw(strategies.values(column)) for column in contract.columns}

    assert align(contract, row) == (row, [])


@pytest.mark.parametrize("dataset", ["transactions", "products", "households"])
def test_real_rows_need_no_alignment(dataset: str) -> None:
    contract = builders.contracts()[dataset]

    assert [row for row in builders.real_rows(dataset, every=97) if align(contract, row) != (row, [])] == []
