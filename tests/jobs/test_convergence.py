"""Whatever door, order, repetition, cut into batches and crash: the lake holds what the model says.

Histories of a few keys go through the doors in any order and more than once, in batches that are checked and
merged in any rhythm, on machines of several zones, while checks and merges crash anywhere and are run again.
Six of each kind of dataset by default, 100 with `--hypothesis-profile=deep`: 36 and 600.
"""

import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import reduce
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import TimestampType

from expectations.timestamps import from_micros, instant_of
from jobs.changes.key_text import encode_key
from jobs.checking import append
from jobs.checking.checked_dataset import CheckedDataset
from jobs.doors.parsers import PARSERS
from jobs.ingest.merge_batches import merge_batches
from jobs.intake.manifest import Manifest
from jobs.intake.results import CheckedBatch, FileCount, MergedBatch
from jobs.lake import session
from jobs.lake.creation import create_dataset_tables, create_ops_tables
from jobs.lake.names import TOMBSTONES, Lake
from jobs.merging import steps, target_partitions
from jobs.merging.target_partitions import SMALL
from jobs.reading.received import RECEIVED, SEQUENCER
from tests.crashing import Crashed, Moment, may_crash_at
from tests.jobs.existing_histories import EXISTING, ExistingKind, items_at_last
from tests.jobs.histories import KINDS, Delivery, Kind, Row, State, retract, symbol
from tests.model import Change, Model, Position, merged
from tests.properties import examples
from tests.sessions import ZONES, in_zone

SECOND = 1_000_000
HASH_DIGITS = 64
EXAMPLES = examples(2, deep=100)  # of each kind
CRASHES = (
    (append, "append_batch"),
    (append, "append_once"),
    (steps, "apply_retracts"),
    (steps, "merge_tombstones"),
    (steps, "conditions_on_rows"),
    (steps, "merge_rows"),
)
_numbers = count(1)

states = st.builds(State, st.integers(0, 2), st.integers(0, 3))
pauses = st.sampled_from([0, 1, SECOND - 1, SECOND, 3600 * SECOND])
writes = st.sampled_from(["put", "put", "put", "foreign", "mark", "remove"])


@dataclass(frozen=True)
class Crash:
    """A step of the job that crashes once, before or after it has done its work."""

    step: int
    moment: Moment


moments = st.sampled_from(["before", "after"])
crashes = st.none() | st.builds(Crash, st.integers(0, len(CRASHES) - 1), moments)


@dataclass(frozen=True)
class Batch:
    """What one run reads, whether it merges, and where it crashes."""

    deliveries: tuple[Delivery, ...]
    is_merged: bool
    crash: Crash | None


@st.composite
def key_histories(draw: st.DrawFn, kind: Kind, key: int) -> list[Delivery]:
    """What all doors say of one key."""
    table = kind.table(key, sequence=(key + 1) * 1000)
    seen: list[Delivery | None] = []
    for _ in range(draw(st.integers(1, 5))):
        table.now += draw(pauses)
        seen.append(table.write(draw(writes), draw(states), begins_anew=draw(st.booleans())))
        match draw(st.integers(0, 7)):
            case 0:
                seen.append(table.full_export())
            case 1:
                seen.append(table.window(draw(st.integers(0, 3)), old_images=draw(st.booleans())))
            case 2:
                op = draw(st.sampled_from(["upsert", "upsert", "delete"]))
                seen.append(table.drop(op, draw(states), draw(pauses), whole=draw(st.booleans())))
            case 3:
                seen.append(table.put_back())
    return [one for one in seen if one is not None]


@st.composite
def plans(draw: st.DrawFn, kind: Kind) -> list[Batch]:
    """A few keys' histories, shuffled, partly twice, cut into batches."""
    keys = draw(st.permutations(range(len(kind.keys))))[: draw(st.integers(2, 5))]
    all_of = [one for key in keys for one in draw(key_histories(kind, key))]
    # What an existing table holds is the truth, and nobody retracts it.
    is_retracted = not isinstance(kind, ExistingKind)
    on_stream = [one.change for one in all_of if one.door == "stream" and is_retracted]
    for change in draw(st.lists(st.sampled_from(on_stream), max_size=2)) if on_stream else ():
        all_of.append(retract(change, all_of[-1].event_time))
    again = draw(st.lists(st.sampled_from(all_of), max_size=4)) if all_of else []
    parts: list[list[Delivery]] = [[] for _ in range(draw(st.integers(1, 3)))]
    for delivery in draw(st.permutations(all_of + again)):
        parts[draw(st.integers(0, len(parts) - 1))].append(delivery)
    return [
        Batch(tuple(part), number == len(parts) - 1 or draw(st.booleans()), draw(crashes))
        for number, part in enumerate(parts)
    ]


@dataclass
class Ledger:
    """What `jobs.intake.batches` keeps in S3."""

    manifests: dict[str, Manifest] = field(default_factory=dict)
    unmerged: dict[str, CheckedBatch] = field(default_factory=dict)
    lineage: None = None  # nothing is told of the batches

    def to_merge(self) -> list[str]:
        return list(self.unmerged)

    def failing(self) -> list[str]:
        return []

    def manifest(self, batch_id: str) -> Manifest:
        return self.manifests[batch_id]

    def checked(self, batch_id: str) -> CheckedBatch:
        return self.unmerged[batch_id]

    def mark_merged(self, merged: MergedBatch) -> None: ...

    def close(self, batch_id: str) -> None:
        del self.unmerged[batch_id]


@pytest.mark.long
@pytest.mark.parametrize("kind", (*KINDS, *EXISTING), ids=lambda kind: kind.contract.dataset)
@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_the_lake_holds_what_the_model_says(
    small_data_spark: SparkSession, kind: Kind, data: st.DataObject, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = data.draw(plans(kind))
    monkeypatch.setattr(target_partitions, "SMALL", data.draw(st.sampled_from([0, SMALL])))
    monkeypatch.setattr(session, "FEW_BYTES", data.draw(st.sampled_from([-1, session.FEW_BYTES])))
    lake = make_lake(small_data_spark, kind)
    ledger: Any = Ledger()
    with in_zone(small_data_spark, data.draw(st.sampled_from(ZONES))):
        for batch in batches:
            manifest = Manifest(f"b{next(_numbers)}", datetime.now(UTC).isoformat())
            with crashing_once(batch.crash):
                run_again(lambda m=manifest, b=batch: check(small_data_spark, lake, kind, m, b.deliveries))  # type: ignore[misc]
                if batch.deliveries:
                    ledger.manifests[manifest.batch_id] = manifest
                    ledger.unmerged[manifest.batch_id] = checked_batch(kind, manifest, batch)
                if batch.is_merged:
                    contracts = {kind.contract.dataset: kind.contract}
                    run_again(lambda c=contracts: merge_batches(small_data_spark, lake, ledger, c))  # type: ignore[misc]

    found = changes_of(small_data_spark, lake, kind)
    expected = merged([[one.change for one in batch.deliveries] for batch in batches], ties_of(found))
    assert sorted(one.identity for one in found) == sorted(expected.changes)
    assert rows_of(small_data_spark, lake, kind) == expected_rows(expected)
    if isinstance(kind, ExistingKind):
        items = items_at_last(one for batch in batches for one in batch.deliveries)
        assert {
            key: (row.place, row.value)
            for key, _, _, *cells in rows_of(small_data_spark, lake, kind)
            for row in (Row(*cells),)
        } == items
    assert tombstones_of(small_data_spark, lake) == {
        key: delete.position for key, delete in expected.tombstones.items()
    }


def make_lake(spark: SparkSession, kind: Kind) -> Lake:
    number = next(_numbers)
    lake = Lake(f"converging_{number}", f"converging_ops_{number}")
    for database in (lake.database, lake.ops_database):
        spark.sql(f"CREATE NAMESPACE {lake.catalog}.{database}")
    create_ops_tables(spark, lake)
    create_dataset_tables(spark, lake, kind.contract)
    return lake


def check(
    spark: SparkSession, lake: Lake, kind: Kind, manifest: Manifest, deliveries: Sequence[Delivery]
) -> None:
    """What the job does with files of these lines, but for the files and the rules."""
    if not deliveries:
        return
    parsed = []
    for door in dict.fromkeys(one.door for one in deliveries):
        lines = [
            ("s3://raw/f", instant_of(one.event_time), number, json.dumps(one.payload), None, one.sequencer)
            for number, one in enumerate(deliveries)
            if one.door == door
        ]
        received = spark.createDataFrame(lines, f"{RECEIVED}, {SEQUENCER} string").coalesce(1)
        parsed.append(PARSERS[door](received, kind.contract))
    number = len(deliveries)
    counts = (FileCount(kind.contract.dataset, "s3://raw/f", "", number, number, 0),)
    verdict: Any = None
    rows = reduce(DataFrame.unionByName, parsed).coalesce(1).persist()
    try:
        dataset = CheckedDataset(kind.contract, rows, counts, verdict)
        append.append_changes(lake, manifest, dataset, datetime.now(UTC))
    finally:
        rows.unpersist()


def checked_batch(kind: Kind, manifest: Manifest, batch: Batch) -> CheckedBatch:
    """`checked.json` of the batch."""
    door = "repair" if any(one.door == "repair" for one in batch.deliveries) else "stream"
    count = FileCount(kind.contract.dataset, "s3://raw/f", door, 1, 1, 0)
    return CheckedBatch(manifest.batch_id, (count,))


def crashing_once(crash: Crash | None) -> AbstractContextManager[None]:
    return nullcontext() if crash is None else may_crash_at(*CRASHES[crash.step], crash.moment)


def run_again(run: Callable[[], object]) -> None:
    """Run a step of the pipeline, and once more if it crashes."""
    try:
        run()
    except Crashed:
        run()


def changes_of(spark: SparkSession, lake: Lake, kind: Kind) -> list[Change]:
    table = spark.table(lake.changes(kind.contract.dataset)).where("_op <> 'retract'")
    return [
        Change(row["_key"], row["_op"], row["_version"], row["_tie"], _row(kind, row))
        for row in in_micros(table).collect()
    ]


def ties_of(changes: Sequence[Change]) -> dict[str, str]:
    """How the ties of content are spelled."""
    spelled = [one for one in changes if one.tie.startswith("-")]
    return {
        symbol(one.key, one.op, one.version, one.row, one.tie[1:-HASH_DIGITS]): one.tie for one in spelled
    }


def rows_of(spark: SparkSession, lake: Lake, kind: Kind) -> list[tuple[Any, ...]]:
    table = spark.table(lake.table(kind.contract.dataset))
    rows = in_micros(table.withColumn("_key", encode_key(kind.contract))).collect()
    return sorted((row["_key"], row["_version"], row["_tie"], *_row(kind, row)) for row in rows)


def in_micros(rows: DataFrame) -> DataFrame:
    """With times as microseconds, which come to Python as they are."""
    times = [field.name for field in rows.schema if isinstance(field.dataType, TimestampType)]
    return rows.withColumns({name: F.unix_micros(name) for name in times})


def expected_rows(expected: Model) -> list[tuple[Any, ...]]:
    return sorted((key, *upsert.position, *upsert.row) for key, upsert in expected.upserts.items())


def tombstones_of(spark: SparkSession, lake: Lake) -> dict[str, Position]:
    rows = spark.table(lake.ops(TOMBSTONES)).collect()
    return {row["key"]: (row["_version"], row["_tie"]) for row in rows}


def _row(kind: Kind, row: Any) -> Row:
    place: Any = None
    if kind.place is not None:
        place = row[kind.contract.partitions[0].column]
        place = from_micros(place) if isinstance(place, int) else place
    value = row[kind.value]
    spelled = value if value is None or isinstance(value, str) else str(int(value))
    return Row(place, spelled, row["_source"], row["_updated_at"])
