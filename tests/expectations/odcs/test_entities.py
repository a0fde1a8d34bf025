"""Datasets that are some items of a table, as the custom property `entity` declares them."""

from pathlib import Path

import pytest

from expectations.contract import Contract, dump_compiled, load_compiled
from expectations.entities import Condition
from expectations.item_keys import table_of
from expectations.odcs import ContractError, load_contract, load_contracts
from tests.expectations.contract_files import problems, write

ENTITY = "[{attribute: pk, format: 'CUSTOMER#{customer}'}, {attribute: sk, format: 'ORDER#{order}'}]"
ORDERS = f"""\
apiVersion: v3.1.0
kind: DataContract
id: urn:test:orders
version: 1.0.0
status: active
servers:
  - {{server: app, type: dynamodb}}
schema:
  - name: orders
    physicalName: App
    customProperties:
      - {{property: entity, value: {ENTITY}}}
    properties:
      - {{name: customer, logicalType: string, primaryKey: true, primaryKeyPosition: 1}}
      - {{name: order, logicalType: string, primaryKey: true, primaryKeyPosition: 2}}
      - {{name: city, physicalName: address.city, logicalType: string}}
"""


def test_columns_are_parts_of_the_key_and_paths(tmp_path: Path) -> None:
    contract = load_contract(write(tmp_path, ORDERS))
    table = table_of(contract)

    assert contract.key == ("customer", "order")
    assert table.keys == (("pk", "S"), ("sk", "S"))
    assert table.entity == (
        Condition("pk", "format", "CUSTOMER#{customer}"),
        Condition("sk", "format", "ORDER#{order}"),
    )
    item = {"pk": {"S": "CUSTOMER#4"}, "sk": {"S": "ORDER#2"}, "address": {"M": {"city": {"S": "Brno"}}}}
    assert table.item_of_row(item) == {
        "customer": {"S": "4"}, "order": {"S": "2"}, "city": {"S": "Brno"},
    }  # fmt: skip
    assert not table.may_lose_items


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (ENTITY, "{attribute: pk, prefix: 'A#'}", None),
        (ENTITY, "{attribute: pk, equals: true}", None),
        (ENTITY, "[]", "expected a condition, got none"),
        (ENTITY, "ORDER", "expected attribute, and one of prefix, equals and format, got 'ORDER'"),
        (ENTITY, "{attribute: pk, prefix: A, equals: B}", "and one of prefix, equals and format"),
        (ENTITY, "{prefix: A}", "expected attribute"),
        (ENTITY, "{attribute: pk, prefix: A, path: b}", "expected attribute"),
        (ENTITY, "{attribute: pk, prefix: 1}", "prefix (line 12): expected a text, got 1"),
        (ENTITY, "{attribute: pk, equals: 1.5}", "expected a text, a whole number or a boolean, got 1.5"),
        (ENTITY, "{attribute: pk, prefix: A, delimiter: '|'}", "expected one character, of a format"),
        ("{attribute: sk,", "{delimiter: '##', attribute: sk,", "expected one character, of a format"),
        ("ORDER#{order}", "ORDER#{order", "expected a column in each pair of braces"),
        ("ORDER#{order}", "ORDER#{city}", "expected key columns of type string, got city: string"),
        ("ORDER#{order}", "ORDER#{other}", "expected key columns of type string, got other"),
        ("{name: order, logicalType: string", "{name: order, logicalType: integer", "got order: long"),
        ("{name: order,", "{name: order, physicalName: sk,", "expected no physicalName of order"),
        ("attribute: sk, format: 'ORDER#{order}'", "attribute: pk, format: '{order}'", "one format of pk"),
        ("servers:\n  - {server: app, type: dynamodb}\n", "", "expected it with an existing table"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(tmp_path: Path, old: str, new: str, message: str | None) -> None:
    assert ORDERS.count(old) == 1
    text = ORDERS.replace(old, new)
    if message is None:  # the columns are attributes then
        text = text.replace("name: customer,", "name: customer, physicalName: pk,")

    found = [str(problem) for problem in problems(tmp_path, text)]

    assert found == [] if message is None else any(message in one for one in found), found


def both(folder: Path, changed: str) -> dict[str, Contract]:
    write(folder, ORDERS)
    write(folder, changed.replace("name: orders", "name: tickets"), "tickets")
    return load_contracts(folder)


def test_contracts_of_one_table_know_of_each_other(tmp_path: Path) -> None:
    contracts = both(tmp_path, ORDERS.replace("ORDER#{", "TICKET#{"))
    orders = contracts["orders"].table

    assert orders.datasets == ("orders", "tickets")
    ticket = {"pk": {"S": "CUSTOMER#4"}, "sk": {"S": "TICKET#2"}}
    assert (orders.claims(ticket), orders.is_claimed(ticket)) == (False, True)
    assert not orders.is_claimed({"pk": {"S": "CUSTOMER#4"}, "sk": {"S": "PROFILE"}})
    compiled = tmp_path / "compiled.json"
    compiled.write_text(dump_compiled(contracts))
    assert load_compiled(compiled) == contracts


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("ORDER#{", "ORDER#{", "expected entities of which no item can be two in the table App, got orders"),
        (ENTITY, "{attribute: type, equals: Ticket}", "of which no item can be two"),
        (f"    customProperties:\n      - {{property: entity, value: {ENTITY}}}\n", "", "an entity in each"),
    ],
)
def test_contracts_that_claim_the_same_items_are_refused(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    with pytest.raises(ContractError) as caught:
        both(tmp_path, ORDERS.replace(old, new).replace("name: order,", "name: order, physicalName: sk,")
             if "format" not in new and "ORDER" not in new else ORDERS.replace(old, new))  # fmt: skip

    assert [message in str(one) for one in caught.value.problems if one.file == "tickets.yaml"] == [True]
