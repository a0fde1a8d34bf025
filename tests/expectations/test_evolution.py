"""What a live table may become in place, and what it may not, with advice."""

import re
from dataclasses import replace
from typing import Any

import pytest

from expectations.contract import Column, Contract, Partition
from expectations.evolution import Addition, Live, Plan, Widening, plan

CONTRACT = Contract(
    dataset="things",
    version="1.0.0",
    description="",
    columns=(
        Column("id", "int", required=True),
        Column("name", "string"),
        Column("price", "decimal(10,2)"),
        Column("place", "struct<street: string>", fields=(Column("street", "string"),)),
        Column("sizes", "list<int>", fields=(Column("element", "int"),)),
    ),
    key=("id",),
    partitions=(Partition("id", "bucket[4]"),),
)
LIVE = Live(
    tuple(replace(column, description="", required=column.name == "id") for column in CONTRACT.columns),
    CONTRACT.partitions,
)


def with_columns(*changed: Column, without: str = "", **others: Any) -> Contract:
    """The contract with columns changed or added, or without one."""
    columns = {column.name: column for column in (*CONTRACT.columns, *changed) if column.name != without}
    return replace(CONTRACT, columns=tuple(columns.values()), **others)


def test_a_table_that_is_as_its_contract_says_stays() -> None:
    assert plan(LIVE, CONTRACT) == Plan((), ())


ADDED = Column("colour", "string")
STREET = Column("street", "string")
TOWN = Column("town", "string")
DONE: list[tuple[str, Contract, Addition | Widening]] = [
    ("an optional column more", with_columns(ADDED), Addition(("colour",), ADDED)),
    (
        "a wider integer, also of the key",
        with_columns(Column("id", "long", required=True)),
        Widening(("id",), Column("id", "long", required=True)),
    ),
    (
        "a decimal of more digits",
        with_columns(Column("price", "decimal(12,2)")),
        Widening(("price",), Column("price", "decimal(12,2)")),
    ),
    (
        "an optional field more",
        with_columns(Column("place", "struct<street: string, town: string>", fields=(STREET, TOWN))),
        Addition(("place", "town"), TOWN),
    ),
    (
        "wider elements",
        with_columns(Column("sizes", "list<long>", fields=(Column("element", "long"),))),
        Widening(("sizes", "element"), Column("element", "long")),
    ),
]


@pytest.mark.parametrize(("contract", "change"), [case[1:] for case in DONE], ids=[case[0] for case in DONE])
def test_a_table_takes_in_place(contract: Contract, change: Addition | Widening) -> None:
    assert plan(LIVE, contract) == Plan((change,), ())


REFUSED: list[tuple[str, Contract, str]] = [
    (
        "a required column more",
        with_columns(Column("colour", "string", required=True)),
        "declare it optional",
    ),
    ("a column less", with_columns(without="sizes"), "column sizes: .* got none: .*keep it, optional"),
    (
        "another name",
        with_columns(Column("label", "string"), without="name"),
        "column name: .* got label, which looks like its new name: .*label among its aliases",
    ),
    (
        "another name, as an alias says",
        with_columns(Column("cost", "long", aliases=("price",)), without="price"),
        "got cost, which looks like its new name",
    ),
    ("a narrower type", with_columns(Column("price", "decimal(8,2)")), "column price: expected decimal"),
    ("another scale", with_columns(Column("price", "decimal(12,3)")), "column price: expected decimal"),
    ("another type", with_columns(Column("name", "long")), "add an optional column of that type beside it"),
    ("a field less", with_columns(Column("place", "struct<>", fields=())), "column place.street: .*got none"),
    ("another key", with_columns(key=("name",)), "key: expected id .* got name"),
    ("other partitions", with_columns(partitions=()), r"partitions: expected bucket\[4\]\(id\) .* got none"),
]


@pytest.mark.parametrize(
    ("contract", "refusal"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_a_table_does_not_take(contract: Contract, refusal: str) -> None:
    found = plan(LIVE, contract)

    assert len(found.refusals) == 1
    assert re.search(f"^things: .*{refusal}", found.refusals[0])
