"""Live tables are changed in place to match their contract and keep their rows, or are left as they are."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyiceberg.table import StaticTable
from pyspark.sql import functions as F

from expectations.contract import Column, Contract
from expectations.declared import Declared
from jobs.ingest.check_batches import check_batches
from jobs.intake.manifest import Manifest
from jobs.lake.evolution import EvolutionRefused, bring_to_contract, live
from jobs.lake.names import Lake
from tests.jobs.builders import ENTITIES, EVENTS, SENT, manifest_file
from tests.jobs.change_rows import merge_batch
from tests.properties import examples
from workflows.contracts import live_tables

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from jobs.intake.batches import Batches

type Mutation = Callable[[Contract], Contract]

WIDER = replace(
    EVENTS,
    columns=(
        Column("shop", "string", required=True),
        Column("number", "long", required=True),
        Column("happened_at", "timestamp", required=True),
        Column("amount", "decimal(12,2)"),
        Column("updated_at", "timestamp", required=True),
        Column("note", "string", description="What the shop's clerk noted."),
    ),
)
RENAMED = replace(ENTITIES, columns=(ENTITIES.columns[0], Column("title", "string")))


def test_a_live_table_gets_columns_and_wider_types_and_keeps_its_rows(
    spark: "SparkSession", lake: Lake
) -> None:
    bring_to_contract(spark, lake, EVENTS)
    table = lake.table("events")
    spark.sql(
        f"INSERT INTO {table} (shop, number, happened_at, amount, updated_at, _version) "
        "VALUES ('a', 1, timestamp'2026-01-01', 1.50, timestamp'2026-01-01', 7)"
    )

    bring_to_contract(spark, lake, WIDER)
    bring_to_contract(spark, lake, WIDER)

    columns = {column.name: column.type for column in live(spark, table).columns}
    assert columns == {column.name: column.type for column in WIDER.columns}
    assert columns == {column.name: column.type for column in live(spark, lake.changes("events")).columns}
    row = spark.table(table).select("number", "amount", "note", "_version").first()
    assert row is not None
    assert (row["number"], str(row["amount"]), row["note"], row["_version"]) == (1, "1.50", None, 7)


def test_a_changes_table_of_an_earlier_version_gets_the_keys_of_its_rows(
    spark: "SparkSession", lake: Lake
) -> None:
    bring_to_contract(spark, lake, EVENTS)
    table = lake.changes("events")
    spark.sql(f"ALTER TABLE {table} DROP COLUMN _key")
    spark.sql(f"INSERT INTO {table} (shop, number, _op) VALUES ('a b', 1, 'delete')")

    bring_to_contract(spark, lake, EVENTS)

    assert [row["_key"] for row in spark.table(table).select("_key").collect()] == ["a%20b,1"]


def test_a_change_that_is_impossible_in_place_is_refused_and_nothing_is_changed(
    spark: "SparkSession", lake: Lake
) -> None:
    bring_to_contract(spark, lake, ENTITIES)
    before = live(spark, lake.table("entities"))

    with pytest.raises(EvolutionRefused, match=r"no file of entities was read; its files wait: .* got title"):
        bring_to_contract(spark, lake, RENAMED)

    assert live(spark, lake.table("entities")) == before


def test_both_tables_store_the_contract_of_their_rows(spark: "SparkSession", lake: Lake) -> None:
    bring_to_contract(spark, lake, EVENTS)

    for table in (lake.table("events"), lake.changes("events")):
        assert live(spark, table).declared == Declared.of(EVENTS)


def test_tables_of_an_earlier_version_store_the_current_contract_once_and_log_it(
    spark: "SparkSession", lake: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    bring_to_contract(spark, lake, EVENTS)
    for table in (lake.table("events"), lake.changes("events")):
        spark.sql(f"ALTER TABLE {table} UNSET TBLPROPERTIES ('glueline.contract')")
    assert live(spark, lake.table("events")).declared is None
    capsys.readouterr()

    bring_to_contract(spark, lake, EVENTS)
    bring_to_contract(spark, lake, EVENTS)

    assert live(spark, lake.table("events")).declared == Declared.of(EVENTS)
    assert capsys.readouterr().out.count("lacks the contract of its rows") == 2


def test_a_column_that_rows_lack_does_not_become_required(spark: "SparkSession", lake: Lake) -> None:
    bring_to_contract(spark, lake, ENTITIES)
    strict = replace(ENTITIES, columns=(ENTITIES.columns[0], replace(ENTITIES.columns[1], required=True)))
    table = lake.table("entities")
    spark.sql(f"INSERT INTO {table} (id, name) VALUES (1, 'a'), (2, null)")

    with pytest.raises(
        EvolutionRefused, match=r"column name: expected it to be optional.* has rows without a value"
    ):
        bring_to_contract(spark, lake, strict)
    spark.sql(f"DELETE FROM {table} WHERE id = 2")
    bring_to_contract(spark, lake, strict)

    assert live(spark, table).declared == Declared.of(strict)


def test_the_catalog_has_the_texts_of_a_contract_unchanged(spark: "SparkSession", lake: Lake) -> None:
    text = """It's "quoted" \\' `so` -- ; /* ${env:HOME} {source} %s ü"""
    column = Column("noted", "string", description=text, aliases=("Unit (kg", "it's ${env:HOME}"))
    contract = replace(ENTITIES, description=text)
    bring_to_contract(spark, lake, contract)

    contract = replace(contract, columns=(*ENTITIES.columns, column))
    bring_to_contract(spark, lake, contract)

    described = spark.sql(f"DESCRIBE {lake.table('entities')}").collect()
    assert {row["col_name"]: row["comment"] for row in described}["noted"] == text
    assert live(spark, lake.table("entities")).declared == Declared.of(contract)


def test_a_deployment_reads_a_live_table_as_the_job_does(spark: "SparkSession", lake: Lake) -> None:
    bring_to_contract(spark, lake, ENTITIES)
    table = lake.table("entities")
    spark.sql(f"INSERT INTO {table} (id, name) VALUES (1, 'a'), (2, null), (3, 'c')")
    lacking = _as_pyiceberg_reads(spark, table)
    spark.sql(f"DELETE FROM {table} WHERE id = 2")
    complete = _as_pyiceberg_reads(spark, table)

    assert live_tables.live(lacking) == live(spark, table)
    assert (live_tables.has_null(lacking, "name"), live_tables.has_null(complete, "name")) == (True, False)


def _as_pyiceberg_reads(spark: "SparkSession", table: str) -> StaticTable:
    metadata = spark.table(f"{table}.metadata_log_entries").select("file").orderBy(F.col("timestamp").desc())
    return StaticTable.from_metadata(metadata.collect()[0]["file"])


def _with(*columns: Column, without: str = "", **others: Any) -> Mutation:
    """Makes a contract of one: with columns changed or more, and without one."""

    def mutate(contract: Contract) -> Contract:
        changed = {column.name: column for column in (*contract.columns, *columns) if column.name != without}
        return replace(contract, columns=tuple(changed.values()), **others)

    return mutate


MUTATIONS: list[tuple[str, Mutation]] = [  # what a refusal has to name, and what is changed
    ("nothing", _with()),
    ("note", _with(Column("note", "string"))),
    ("amount", _with(Column("amount", "decimal(12,2)"))),
    ("number", _with(Column("number", "long", required=True))),
    ("urgent", _with(Column("urgent", "boolean", required=True))),
    ("amount", _with(Column("amount", "decimal(8,2)"))),
    ("amount", _with(Column("amount", "decimal(10,2)", required=True))),
    ("amount", _with(without="amount")),
    ("happened_at", _with(Column("happened_at", "date", required=True))),
    ("revision", _with(Column("revision", "long", required=True), sequence_column="revision")),
    ("sequenceColumn", _with(sequence_column="happened_at")),
    ("sequenceColumn", _with(sequence_column=None)),
    ("partitions", _with(partitions=())),
    ("key", _with(key=("shop",))),
]


@settings(max_examples=examples(4, deep=100))
@given(st.lists(st.sampled_from(MUTATIONS), min_size=1, max_size=2))
def test_a_contract_is_refused_by_name_or_rows_of_before_and_after_merge(
    small_data_spark: "SparkSession", lake: Lake, mutations: list[tuple[str, Mutation]]
) -> None:
    for table in (lake.table("events"), lake.changes("events")):
        small_data_spark.sql(f"DROP TABLE IF EXISTS {table}")
    contract = EVENTS
    for _, mutate in mutations:
        contract = mutate(contract)
    bring_to_contract(small_data_spark, lake, EVENTS)
    _merge(small_data_spark, lake, EVENTS, "b1", [(1, 5, Decimal("1.50")), (2, 5, None)])

    try:
        bring_to_contract(small_data_spark, lake, contract)
    except EvolutionRefused as refusal:
        assert any(f"{name}: expected" in str(refusal) for name, _ in mutations)
        contract = EVENTS
    _merge(
        small_data_spark,
        lake,
        contract,
        "b2",
        [(1, 6, Decimal("2.50")), (2, 4, Decimal("0.50")), (3, 1, None)],
    )

    rows = (
        small_data_spark.table(lake.table("events"))
        .select("number", "_version", "amount")
        .orderBy("number")
        .collect()
    )
    assert [tuple(row) for row in rows] == [(1, 6, Decimal("2.50")), (2, 5, None), (3, 1, None)]


def _merge(
    spark: "SparkSession",
    lake: Lake,
    contract: Contract,
    batch_id: str,
    rows: list[tuple[int, int, Decimal | None]],
) -> None:
    """Merge upserts (number, version, amount) as a batch."""
    columns = {"shop": "a", "happened_at": SENT, "updated_at": SENT}
    changes = [
        columns | {"number": number, "_version": version, "amount": amount}
        for number, version, amount in rows
    ]
    merge_batch(spark, lake, contract, batch_id, *changes)


def test_a_dataset_whose_contract_is_refused_delays_no_other(
    spark: "SparkSession", lake: Lake, batches: "Batches"
) -> None:
    bring_to_contract(spark, lake, ENTITIES)
    files = tuple(
        manifest_file(f"drops/{name}/a.csv", dataset=name, format="csv", door="drop")
        for name in ("entities", "events")
    )
    manifest = Manifest("b1", SENT.isoformat(), files)
    batches.open(manifest)

    checked = check_batches(spark, lake, batches, ["b1"], {"entities": RENAMED, "events": EVENTS})

    assert [count.dataset for count in checked.counts] == ["events"]
    assert [(failure.batch_id, failure.datasets) for failure in checked.failures] == [
        ("b1-entities", ("entities",))
    ]
    assert "no file of entities was read" in checked.failures[0].error
    assert batches.manifest("b1").datasets == ["events"]
    assert (list(batches.to_check()), batches.to_merge()) == (["b1-entities"], ["b1"])
