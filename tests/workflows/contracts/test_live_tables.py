"""Live tables as the catalog has them mean the same as in the check job."""

from types import SimpleNamespace
from typing import Any

from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import BucketTransform, DayTransform
from pyiceberg.types import (
    DecimalType,
    IntegerType,
    ListType,
    LongType,
    NestedField,
    StringType,
    StructType,
    TimestamptzType,
)

from expectations.contract import Column, Contract, Partition
from expectations.declared import DECLARED, Declared
from expectations.evolution import Addition, Plan, Widening, plan
from workflows.contracts.live_tables import live, told

CONTRACT = Contract(
    dataset="things",
    version="1.0.0",
    description="",
    columns=(
        Column("id", "long", required=True, description="Number."),
        Column("at", "timestamp"),
        Column("price", "decimal(10,2)"),
        Column("place", "struct<street: string>", fields=(Column("street", "string"),)),
        Column("sizes", "list<int>", fields=(Column("element", "int"),)),
    ),
    key=("id",),
    partitions=(Partition("at", "days"), Partition("id", "bucket[4]")),
)


def table(properties: dict[str, str] | None = None) -> Any:
    schema = Schema(
        NestedField(1, "id", LongType(), required=True),
        NestedField(2, "at", TimestamptzType()),
        NestedField(3, "price", DecimalType(10, 2)),
        NestedField(4, "place", StructType(NestedField(5, "street", StringType()))),
        NestedField(6, "sizes", ListType(7, IntegerType(), element_required=False)),
        NestedField(8, "_version", LongType()),
    )
    spec = PartitionSpec(
        PartitionField(2, 1000, DayTransform(), "at_day"),
        PartitionField(1, 1001, BucketTransform(4), "id_bucket"),
    )
    stored = {DECLARED: Declared.of(CONTRACT).to_json()} if properties is None else properties
    return SimpleNamespace(schema=lambda: schema, spec=lambda: spec, properties=stored)


def test_a_table_that_was_made_of_a_contract_needs_no_change() -> None:
    assert plan(live(table()), CONTRACT, lambda _: True) == Plan((), ())


def test_a_table_that_was_made_before_its_contract_was_stored_is_told() -> None:
    (change,) = plan(live(table({})), CONTRACT, lambda _: True).changes

    assert told(change) == "stores what its contract says of order, required columns and aliases"


def test_changes_are_told_in_words() -> None:
    assert told(Addition(("place", "town"), Column("town", "string"))) == "adds place.town string"
    assert told(Widening(("price",), Column("price", "decimal(12,2)"))) == "widens price to decimal(12,2)"
