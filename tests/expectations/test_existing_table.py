"""Existing tables: paths of attributes, and their JSON."""

from dataclasses import replace

import pytest

from expectations.contract import Contract
from expectations.existing_table import ExistingTable, read_path
from tests.builders import contracts


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("OrderId", ("OrderId",)),
        ("order-id", ("order-id",)),
        ("address.city", ("address", "city")),
        ("lines[0].sku", ("lines", 0, "sku")),
        ("cells[1][22]", ("cells", 1, 22)),
        ('"a.b"."c[0]"', ("a.b", "c[0]")),
        ("with blank.inside", ("with blank", "inside")),
    ],
)
def test_a_path_has_its_steps(text: str, path: tuple[str | int, ...]) -> None:
    assert read_path(text) == path


@pytest.mark.parametrize(
    "text", ["", ".", "a.", ".a", "a..b", "[0]", "a[x]", "a[0", 'a"b', '"a', "a[0]b", '""']
)
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no path"):
        read_path(text)


def test_a_contract_keeps_its_table_as_json() -> None:
    table = ExistingTable("Products", (("Id", "N"),), (("product_id", "Id"), ("brand", "a.b")), "eu-west-1")
    contract = replace(contracts()["products"], table=table)

    assert Contract.from_dict(contract.to_dict()) == contract
