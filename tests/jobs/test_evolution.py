"""Live tables follow their contract in place, keep their rows, or stay as they are and say why."""

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from expectations.contract import Column
from jobs.check import check_batches
from jobs.evolution import EvolutionRefused, bring_to_contract, live
from jobs.lake import Lake
from jobs.manifest import Manifest
from tests.jobs.builders import ENTITIES, EVENTS, SENT, manifest_file

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from jobs.batches import Batches

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


def test_what_can_not_be_done_in_place_is_refused_and_nothing_is_done(
    spark: "SparkSession", lake: Lake
) -> None:
    bring_to_contract(spark, lake, ENTITIES)
    before = live(spark, lake.table("entities"))

    with pytest.raises(EvolutionRefused, match=r"nothing of entities was read; its files wait: .* got title"):
        bring_to_contract(spark, lake, RENAMED)

    assert live(spark, lake.table("entities")) == before


def test_files_of_a_dataset_that_waits_for_its_contract_keep_no_other_waiting(
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
    assert "nothing of entities was read" in checked.failures[0].error
    assert batches.manifest("b1").datasets == ["events"]
    assert (list(batches.to_check()), batches.to_merge()) == (["b1-entities"], ["b1"])
