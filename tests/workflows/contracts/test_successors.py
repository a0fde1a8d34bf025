"""Contracts compared with those that a stack has, whose data is in an AWS in this process."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from expectations.contract import Column, Contract
from expectations.declared import DECLARED, Declared
from tests.workflows.empty_stack import empty_stack
from workflows.contracts.live_tables import ContractsRefused
from workflows.contracts.successors import as_table, compare_with_deployed, has_data
from workflows.query.catalog import lake_catalog

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflows.stack.target import Target

ID = Column("id", "int", required=True)
NAME = Column("name", "string")
OLD = Contract("things", "1.0.0", "", (ID, NAME), key=("id",))
WIDER = replace(OLD, columns=(replace(ID, type="long"), NAME, Column("size", "string")))
OTHER_TYPE = replace(OLD, columns=(ID, replace(NAME, type="date")))
REQUIRED = replace(OLD, columns=(ID, replace(NAME, required=True)))


@pytest.fixture
def stack(aws: str) -> Iterator[Target]:
    """An empty stack. The catalog is that of the account, so its table is dropped at the end."""
    target = empty_stack(aws)
    catalog = lake_catalog(target)
    catalog.create_namespace_if_not_exists("lake")
    yield target
    for table in catalog.list_tables("lake"):
        catalog.drop_table(table)


def write_item(stack: Target) -> None:
    table = f"{stack.output('TablePrefix')}things"
    key = [{"AttributeName": "_key", "AttributeType": "S"}]
    stack.client("dynamodb").create_table(
        TableName=table,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=key,
        KeySchema=[{"AttributeName": "_key", "KeyType": "HASH"}],
    )
    stack.client("dynamodb").put_item(TableName=table, Item={"_key": {"S": "1"}})


def write_file(stack: Target) -> None:
    stack.client("s3").put_object(Bucket=stack.output("RawBucket"), Key="drops/things/a.csv", Body=b"id\n")


def write_table(stack: Target, name: str | None) -> None:
    """The table of the old contract, with one row."""
    row = pa.schema([pa.field("id", pa.int32(), nullable=False), pa.field("name", pa.string())])
    table = lake_catalog(stack).create_table(
        "lake.things",
        schema=row,
        location=f"s3://{stack.output('LakeBucket')}/things",
        properties={DECLARED: Declared.of(OLD).to_json()},
    )
    table.append(pa.Table.from_pylist([{"id": 1, "name": name}], schema=row))


def compare(stack: Target, wanted: Contract) -> dict[str, list[str]]:
    return compare_with_deployed(stack, {"things": OLD}, {"things": wanted})


@pytest.mark.parametrize("write", [write_item, write_file])
def test_a_dataset_has_data_from_its_first_item_or_file_on(stack: Target, write: object) -> None:
    assert not has_data(stack, OLD)
    write_item(stack) if write is write_item else write_file(stack)
    assert has_data(stack, OLD)
    assert not has_data(stack, replace(OLD, dataset="thing"))


def test_a_contract_without_data_may_change_in_any_way(stack: Target) -> None:
    assert compare(stack, OTHER_TYPE) == {"things": []}


def test_new_columns_and_wider_types_are_described(stack: Target) -> None:
    write_item(stack)

    assert compare(stack, WIDER) == {"things": ["adds size string", "widens id to long"]}


def test_data_that_no_table_has_yet_refuses_what_it_cannot_follow(stack: Target) -> None:
    write_item(stack)

    with pytest.raises(ContractsRefused, match=r"things: column name: expected string .*, got date"):
        compare(stack, OTHER_TYPE)


def test_a_live_table_refuses_what_it_cannot_follow_with_each_reason_once(stack: Target) -> None:
    write_item(stack)
    write_table(stack, "one")

    with pytest.raises(ContractsRefused) as refused:
        compare(stack, OTHER_TYPE)
    assert len(str(refused.value).splitlines()) == 2


@pytest.mark.parametrize(("name", "is_refused"), [("one", False), (None, True)])
def test_a_column_becomes_required_if_each_row_of_the_table_has_a_value(
    stack: Target, name: str | None, is_refused: bool
) -> None:
    write_item(stack)
    write_table(stack, name)

    if is_refused:
        with pytest.raises(ContractsRefused, match="without a value for it"):
            compare(stack, REQUIRED)
    else:
        assert compare(stack, REQUIRED) == {"things": []}


def test_a_contract_of_before_the_stack_knew_contracts_is_compared_with_the_table_alone(
    stack: Target,
) -> None:
    write_item(stack)

    assert compare_with_deployed(stack, {}, {"things": OTHER_TYPE}) == {}


def test_a_contract_follows_itself() -> None:
    assert as_table(OLD).columns == (ID, NAME)
    assert not as_table(REQUIRED).columns[1].required
