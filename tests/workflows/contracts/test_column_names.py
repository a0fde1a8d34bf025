"""Names of a file become names of a contract, each spelling of one column alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.spellings import camel_case
from workflows.contracts.column_names import column_names, snake_case


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("order_id", "order_id"),
        ("paymentId", "payment_id"),
        ("PaymentID", "payment_id"),
        ("HTTPServer", "http_server"),
        ("Order No.", "order_no"),
        ("customer.address.city", "customer_address_city"),
        ("Straße / Größe", "strasse_grosse"),
        ("Año", "ano"),
        ("Discount %", "discount_percent"),
        ("2019", "column_2019"),
        ("SKU1", "sku1"),
        ("productIDs", "product_ids"),
        ("名前", ""),
    ],
)
def test_a_header_becomes_snake_case(header: str, name: str) -> None:
    assert snake_case(header) == name


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (["id", "Name"], [("id", ()), ("name", ("Name",))]),
        (["Name", "name"], [("name_2", ("Name",)), ("name", ())]),
        (["Name", "NAME"], [("name", ("Name",)), ("name_2", ("NAME",))]),
        (["a1", "a_1"], [("a1", ()), ("a_1_2", ("a_1",))]),
        (["_id", "名前"], [("id", ()), ("column_2", ("名前",))]),
    ],
)
def test_equal_names_are_numbered_and_the_files_names_are_aliases(
    headers: list[str], expected: list[tuple[str, tuple[str, ...]]]
) -> None:
    assert list(column_names(headers).values()) == expected


@given(st.lists(st.text("abAB1_ .é", min_size=1, max_size=5), unique=True, max_size=6))
def test_no_spelling_leads_to_two_columns(headers: list[str]) -> None:
    owners: dict[str, str] = {}
    for name, aliases in column_names(headers).values():
        for spelling in {name, camel_case(name), *aliases}:
            assert owners.setdefault(spelling, name) == name
