"""The dialect of CSV files is a part of the contract, and no part of its tables."""

import json
from dataclasses import replace

import pytest

from expectations.contract import Contract
from expectations.declared import Declared
from expectations.evolution import Declaration, LiveTable, plan
from expectations.file_dialect import RFC_4180, CsvDialect
from tests import builders

PRODUCTS = builders.contracts()["products"]
DIALECT = CsvDialect(delimiter=";", encoding="cp1252", columns=("product_id",), missing=("N/A",), decimal=",")


def test_the_dialect_survives_the_contracts_json_form() -> None:
    contract = replace(PRODUCTS, csv=DIALECT)

    assert Contract.from_dict(json.loads(json.dumps(contract.to_dict()))) == contract


def test_a_contract_that_was_compiled_before_dialects_has_the_default() -> None:
    plain = PRODUCTS.to_dict()
    del plain["csv"]

    assert Contract.from_dict(plain).csv == RFC_4180


@pytest.mark.parametrize(
    "changed",
    [
        replace(PRODUCTS, csv=DIALECT),
        replace(PRODUCTS, columns=tuple(replace(column, format="dd.MM.yyyy") for column in PRODUCTS.columns)),
    ],
)
def test_another_dialect_or_format_changes_no_table(changed: Contract) -> None:
    columns = (replace(column, required=column.name in PRODUCTS.key) for column in PRODUCTS.columns)
    live = LiveTable(tuple(columns), PRODUCTS.partitions, Declared.of(PRODUCTS))

    found = plan(live, changed, lambda _: False)

    assert found.refusals == ()
    assert [change for change in found.changes if not isinstance(change, Declaration)] == []
