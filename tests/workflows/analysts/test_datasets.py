"""Datasets as analysts see them."""

from dataclasses import replace

import pytest

from expectations.contract import Column, Contract, Partition
from expectations.odcs.semantics import Reference, Semantics
from workflows.analysts.datasets import Dataset, athena_type, load_datasets, references, time_column


def dataset(name: str, columns: str, *found: Reference) -> Dataset:
    contract = Contract(name, "1.0.0", "", tuple(Column(one, "long") for one in columns.split()), ("id",))
    return Dataset(contract, Semantics(references=found))


def test_the_datasets_of_the_checkout_have_their_semantics() -> None:
    datasets = {one.name: one for one in load_datasets()}

    assert list(datasets) == ["households", "products", "transactions"]
    assert datasets["transactions"].semantics.measures == {"quantity": "sum"}
    assert [one.dataset for one in references(datasets["transactions"], list(datasets.values()))] == [
        "products",
        "households",
    ]


def test_a_reference_to_what_is_not_there_is_left_out() -> None:
    good = Reference(("price",), "prices", ("id",))
    orders = dataset(
        "orders",
        "id price",
        good,
        Reference(("price",), "prices", ("gone",)),
        Reference(("gone",), "prices", ("id",)),
        Reference(("id",), "customers", ("id",)),
    )

    assert references(orders, [orders, dataset("prices", "id")]) == [good]


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (Column("a", "long"), "bigint"),
        (Column("a", "float"), "real"),
        (Column("a", "decimal(10,2)"), "decimal(10,2)"),
        (Column("a", "date"), "date"),
        (Column("a", "timestamp"), "timestamp(6) with time zone"),
        (Column("a", "binary"), "varbinary"),
        (
            Column("a", "struct<b: list<string>>", fields=(
                Column("b", "list<string>", fields=(Column("element", "string"),)),
            )),
            "row(b array(varchar))",
        ),
    ],
)  # fmt: skip
def test_types_are_spelled_as_athena_spells_them(column: Column, expected: str) -> None:
    assert athena_type(column) == expected


@pytest.mark.parametrize(
    ("partition", "sequence", "expected"),
    [(None, None, "changed"), (None, "changed", "made"), ("made", None, "made")],
)
def test_the_time_of_a_row_is_that_of_its_partition_else_one_that_does_not_order_its_changes(
    partition: str | None, sequence: str | None, expected: str
) -> None:
    columns = (Column("id", "long"), Column("changed", "timestamp"), Column("made", "date"))
    partitions = (Partition(partition, "days"),) if partition else ()
    found = time_column(Contract("orders", "1.0.0", "", columns, ("id",), partitions, sequence))

    assert found is not None
    assert found.name == expected


def test_a_dataset_may_have_no_time() -> None:
    assert time_column(dataset("orders", "id price").contract) is None


def test_a_restricted_time_is_no_time_for_analysts() -> None:
    born = Column("born", "date", classification="restricted")
    contract = Contract("people", "1.0.0", "", (Column("id", "long"), born), ("id",))

    assert time_column(contract) is None
    assert time_column(replace(contract, columns=(*contract.columns, Column("since", "date")))) == Column(
        "since", "date"
    )
