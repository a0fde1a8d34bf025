"""Changes of a live table that are planned, and changes that are refused with advice."""

import re
from dataclasses import replace
from typing import Any

import pytest

from expectations.contract import Column, Contract, Partition
from expectations.declared import Declared
from expectations.evolution import Addition, Declaration, LiveTable, Plan, Widening, plan

CONTRACT = Contract(
    dataset="things",
    version="1.0.0",
    description="",
    columns=(
        Column("id", "int", required=True),
        Column("name", "string", aliases=("title",)),
        Column("price", "decimal(10,2)"),
        Column("place", "struct<street: string>", fields=(Column("street", "string"),)),
        Column("sizes", "list<int>", fields=(Column("element", "int"),)),
        Column("revision", "int", required=True),
        Column("changed_at", "timestamp", required=True),
    ),
    key=("id",),
    sequence_column="revision",
    partitions=(Partition("id", "bucket[4]"),),
)
LIVE = LiveTable(
    tuple(replace(column, aliases=(), required=column.name == "id") for column in CONTRACT.columns),
    CONTRACT.partitions,
    Declared.of(CONTRACT),
)


def complete(column: str) -> bool:
    """Every row of the live table has a value."""
    return False


def lacking(column: str) -> bool:
    """Some row of the live table has no value."""
    return True


def with_columns(*changed: Column, without: str = "", **others: Any) -> Contract:
    """The contract with columns changed or added, or without one."""
    columns = {column.name: column for column in (*CONTRACT.columns, *changed) if column.name != without}
    return replace(CONTRACT, columns=tuple(columns.values()), **others)


def test_a_table_that_keeps_its_contract_needs_no_change() -> None:
    assert plan(LIVE, CONTRACT, lacking) == Plan((), ())


def test_an_older_table_takes_what_it_declares_from_its_contract() -> None:
    declared = Declared("revision", ("changed_at", "id", "revision"), (("title", "name"),))

    found = plan(replace(LIVE, declared=None), CONTRACT, lacking)

    assert found == Plan((Declaration(declared, is_first=True),), ())


def test_a_column_becomes_required_if_every_row_has_a_value() -> None:
    contract = with_columns(Column("price", "decimal(10,2)", required=True))

    found = plan(LIVE, contract, complete)

    assert found == Plan((Declaration(Declared.of(contract), is_first=False),), ())


def test_a_column_that_rows_lack_does_not_become_required() -> None:
    added = with_columns(Column("colour", "string"))
    live = replace(LIVE, columns=(*LIVE.columns, Column("colour", "string")), declared=Declared.of(added))

    found = plan(live, with_columns(Column("colour", "string", required=True)), lacking)

    assert found.refusals == (
        "things: column colour: expected it to be optional, as in the live table, got a required one: the "
        "table has rows without a value for it, which could be neither repaired nor replayed; give those "
        "rows a value first, or keep it optional",
    )


def test_only_columns_that_become_required_are_read() -> None:
    asked: list[str] = []

    def has_null(column: str) -> bool:
        asked.append(column)
        return False

    plan(LIVE, with_columns(Column("price", "decimal(10,2)", required=True)), has_null)

    assert asked == ["price"]


def test_a_required_column_may_become_optional() -> None:
    contract = with_columns(Column("changed_at", "timestamp"))

    found = plan(LIVE, contract, lacking)

    assert found == Plan(
        (Declaration(Declared("revision", ("id", "revision"), (("title", "name"),)), False),), ()
    )


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
def test_a_change_that_iceberg_makes_in_place_is_planned(
    contract: Contract, change: Addition | Widening
) -> None:
    assert plan(LIVE, contract, lacking) == Plan((change,), ())


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
        "column name: .* got label, which looks like its new name: .*add label to its aliases",
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
    (
        "another sequence column",
        with_columns(sequence_column="changed_at"),
        "sequenceColumn: expected revision, which ordered .* got changed_at: .*keep revision, or load",
    ),
    (
        "no sequence column",
        with_columns(sequence_column=None),
        "sequenceColumn: expected revision, .* got none",
    ),
    (
        "versions that are times instead of counts",
        with_columns(Column("revision", "timestamp", required=True)),
        "column revision: expected int as in the live table, or a wider type .* got timestamp",
    ),
    (
        "a required field in a struct that was optional",
        with_columns(
            Column("place", "struct<street: string>", fields=(Column("street", "string", required=True),))
        ),
        "column place.street: expected it to be optional, .*: the table may have rows .*; keep it optional",
    ),
    (
        "an alias that led to another column",
        with_columns(Column("name", "string"), Column("label", "string", aliases=("title",))),
        "column label: expected the name title to lead to name, .* got label: .*deploy a contract without "
        "the name",
    ),
    (
        "a column by the name of an alias",
        with_columns(Column("name", "string"), Column("title", "string")),
        "column title: expected the name title to lead to name",
    ),
    ("other partitions", with_columns(partitions=()), r"partitions: expected bucket\[4\]\(id\) .* got none"),
]


@pytest.mark.parametrize(
    ("contract", "refusal"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_any_other_change_is_refused_with_advice(contract: Contract, refusal: str) -> None:
    found = plan(LIVE, contract, lacking)

    assert len(found.refusals) == 1
    assert re.search(f"^things: .*{refusal}", found.refusals[0])


def test_a_dataset_that_is_ordered_by_arrival_cannot_get_a_sequence_column() -> None:
    unordered = replace(CONTRACT, sequence_column=None)
    live = replace(LIVE, declared=Declared.of(unordered))

    (refusal,) = plan(live, CONTRACT, lacking).refusals

    assert refusal == (
        "things: sequenceColumn: expected none, which ordered the rows of the live table, got revision: "
        "versions of the two cannot be compared, and later changes would be outranked; keep the order of "
        "arrival, or load the data into a dataset of another name"
    )
