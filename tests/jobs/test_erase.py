"""Erasing: a key is nowhere but in its tombstone and mark, whatever happens meanwhile and later."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from expectations.timestamps import micros_of
from jobs.changes.reasons import ERASED_REASON
from jobs.erasure import block, prove, remove_from_raw, table_files
from jobs.erasure.block import block_keys
from jobs.erasure.marks import Marks
from jobs.erasure.notes import Proof, UnblockNote
from jobs.erasure.record import ERASURES
from jobs.erasure.table_files import location
from jobs.erasure.tombstones import ABOVE_ALL, ERASED
from jobs.erasure.unblock import unblock_keys
from jobs.reading.exports import open_export
from jobs.reading.receive import receive
from tests.crashing import crash_at
from tests.jobs.builders import EVENTS, SENT, record
from tests.jobs.erasure_pipeline import (
    KEY,
    SECRET,
    ErasurePipeline,
    drop,
    erasure_of,
    fill,
    item,
    lines,
    open_pipeline,
    stream_record,
)

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.deep

OTHERS = {1: "Kim", 2: "Lee", 3: "Joe", 5: "Eva", 6: "Max", 8: "Bob", 9: "Zoe"}


@pytest.fixture(scope="module")
def pipeline(spark: "SparkSession") -> Iterator[ErasurePipeline]:
    """One in which the key was everywhere and has been erased."""
    with open_pipeline(spark, "erased") as pipeline:
        fill(pipeline)
        assert pipeline.rows() == OTHERS | {KEY: SECRET}
        pipeline.proof = pipeline.erase(str(KEY))
        yield pipeline


@pytest.fixture(scope="module")
def other_pipeline(spark: "SparkSession") -> Iterator[ErasurePipeline]:
    """One for keys that each test brings and erases."""
    with open_pipeline(spark, "other") as pipeline:
        yield pipeline


def quarantined(pipeline: ErasurePipeline, *batches: int) -> list[tuple[str, str | None]]:
    """First reason and payload of the quarantined rows, of these batches or of all."""
    rows = pipeline.spark.table(pipeline.lake.ops("quarantine")).collect()
    ids = [f"batch-{number}" for number in batches]
    return sorted(
        ((row["reasons"][0], row["payload"]) for row in rows if not ids or row["batch_id"] in ids),
        key=itemgetter(0),
    )


def proof_of(pipeline: ErasurePipeline) -> Proof:
    assert pipeline.proof is not None
    return pipeline.proof


# --- what is left -------------------------------------------------------------------------------------------


def test_the_proof_counts_what_was_removed_and_finds_nothing(pipeline: ErasurePipeline) -> None:
    proof = proof_of(pipeline)
    places = {place.place: (place.removed, place.found) for place in proof.places}

    assert proof.is_complete
    assert places == {
        "DynamoDB": (1, 0),
        "RAW: versions of objects": (11, 0),
        "lake_erased.entities": (1, 0),
        "lake_erased.entities_changes": (4, 0),  # the drops say the same
        "ops_erased.quarantine": (1, 0),
        "dead letters": (0, 0),
        "answers of queries": (0, 0),
    }


def test_rows_of_others_are_as_they_were(pipeline: ErasurePipeline) -> None:
    assert pipeline.rows() == OTHERS
    assert {name for _, _, name in pipeline.changes()} == {*OTHERS.values(), "Eve"}
    assert quarantined(pipeline) == [
        (ERASED_REASON, None),  # the stream's record of the mark, which has the item as it was
        ("type: column id: expected long, got 'nine'", '{"id": "nine", "name": "Zoe"}'),
    ]


def test_no_object_of_raw_has_the_key_in_any_version(pipeline: ErasurePipeline) -> None:
    objects = pipeline.objects()

    assert not [key for key, bodies in objects.items() for body in bodies if SECRET.encode() in body]
    assert objects["drops/entities/old.csv"] == [drop((5, "Eva"), (6, "Max"))]
    assert objects["drops/entities/bad.csv"] == [b"id,name\n9,Zoe\nnine,Zoe\n"]
    assert objects["drops/entities/more.jsonl"] == [b'{"id": 1, "name": "Kim"}\n']
    assert objects["stream/entities/2026/11/24/12/b.jsonl.gz"] == [b""]
    assert "aws/lambda/m/s/2026/11/24/alone" not in objects
    [both] = objects["aws/lambda/m/s/2026/11/24/both"]
    records = json.loads(json.loads(both)["payload"])["Records"]
    assert [one["dynamodb"]["Keys"] for one in records] == [{"_key": {"S": "8"}}]
    [repairs] = objects["repairs/entities/r.jsonl.gz"]
    assert [json.loads(line)["dynamodb"]["Keys"] for line in repairs.splitlines()] == [{"_key": {"S": "8"}}]


def test_an_export_still_matches_its_manifest(pipeline: ErasurePipeline) -> None:
    summary = next(key for key in pipeline.objects() if key.endswith("manifest-summary.json"))

    files = open_export(pipeline.s3, pipeline.newest(summary))

    assert sorted(file.items or 0 for file in files) == [1, 1]
    rows = receive(pipeline.spark, files, pipeline.contract).collect()
    assert [row["problem"] for row in rows] == [None, None]
    assert {json.loads(row["payload"])["Item"]["id"]["N"] for row in rows} == {"8", "9"}


def test_no_file_of_a_table_has_the_key_whichever_snapshot_it_is_of(pipeline: ErasurePipeline) -> None:
    for name in ("table", "changes"):
        table = getattr(pipeline.lake, name)("entities")
        folder = Path(location(pipeline.spark, table).removeprefix("file:"))
        files = [file for file in folder.rglob("*.parquet") if "deletes" not in file.name]
        ids = [number for file in files for number in pq.read_table(file, columns=["id"])["id"].to_pylist()]

        assert files
        assert KEY not in ids
        assert not (folder / "data" / "00000-0-orphan.parquet").exists()


def test_no_manifest_has_bounds_of_the_key(pipeline: ErasurePipeline) -> None:
    entries = pipeline.spark.table(f"{pipeline.lake.changes('entities')}.all_entries").where(
        "data_file.content = 0"
    )
    bounds = entries.select(
        "readable_metrics.name.lower_bound", "readable_metrics.name.upper_bound"
    ).collect()

    assert bounds
    assert not [bound for row in bounds for bound in row if bound and bound.startswith("Ann")]


def test_the_tombstone_stays_beyond_any_retention(pipeline: ErasurePipeline) -> None:
    tombstones = pipeline.spark.table(pipeline.lake.ops("tombstones")).where(f"key = '{KEY}'").collect()

    assert [(one["_version"], one["_tie"]) for one in tombstones] == [(ABOVE_ALL, ERASED)]
    assert tombstones[0]["deleted_at"].year == 9999


def test_the_record_names_no_key(pipeline: ErasurePipeline) -> None:
    [kept] = pipeline.spark.table(pipeline.lake.ops(ERASURES)).collect()
    left = pipeline.s3.list_objects_v2(Bucket=pipeline.lake_bucket, Prefix="erase/erasure")["Contents"]

    assert (kept["key_hash"], kept["is_complete"]) == ("hash of 7", True)
    assert kept["newest_version"] == micros_of(SENT)  # the version that the drops' time gave it
    assert Proof.from_json(kept["proof"]) == proof_of(pipeline)
    assert proof_of(pipeline).kept == prove.KEPT
    assert [one["Key"] for one in left] == [f"erase/{erasure_of('7')}/proof.json"]
    assert (pipeline.erasures().proof(erasure_of("7")) or proof_of(pipeline)).is_complete


def test_query_results_are_deleted(pipeline: ErasurePipeline) -> None:
    assert "Contents" not in pipeline.s3.list_objects_v2(Bucket=pipeline.lake_bucket, Prefix="athena/")


def test_a_rewritten_drop_keeps_its_place_in_the_order(pipeline: ErasurePipeline) -> None:
    """It is announced anew, and the version of its rows is the time of their event."""
    later = datetime(2026, 11, 25, tzinfo=UTC)
    rows = receive(
        pipeline.spark, [pipeline.newest("drops/entities/more.jsonl", later)], pipeline.contract
    ).collect()

    assert [(row["event_time"].astimezone(UTC), row["sequencer"]) for row in rows] == [(SENT, None)]


def test_a_drop_that_is_rewritten_twice_keeps_the_time_of_its_first_announcement(
    other_pipeline: ErasurePipeline,
) -> None:
    pipeline, key = other_pipeline, "drops/entities/twice.csv"
    pipeline.ingest(pipeline.put(key, b"id,name\n51,Ann\n52,Bob\n53,Zoe\n"))
    assert pipeline.erase("51").is_complete
    pipeline.ingest(pipeline.newest(key, datetime(2026, 11, 25, tzinfo=UTC)))
    assert pipeline.erase("52").is_complete

    later = datetime(2026, 11, 26, tzinfo=UTC)
    (row,) = receive(pipeline.spark, [pipeline.newest(key, later)], pipeline.contract).collect()

    assert (row["payload"], row["event_time"].astimezone(UTC)) == ('{"id": "53", "name": "Zoe"}', SENT)


def test_an_object_that_erase_did_not_write_does_not_keep_the_time_of_a_first_event(
    pipeline: ErasurePipeline,
) -> None:
    """A tool that copies objects keeps their metadata; a partner may give any."""
    key, later = "drops/entities/more.jsonl", datetime(2026, 11, 25, tzinfo=UTC)
    head = pipeline.s3.head_object(Bucket=pipeline.raw, Key=key)
    before = pipeline.s3.get_object(Bucket=pipeline.raw, Key=key)["Body"].read()
    try:
        pipeline.s3.put_object(Bucket=pipeline.raw, Key=key, Body=b'{"id":77}\n', Metadata=head["Metadata"])
        rows = receive(pipeline.spark, [pipeline.newest(key, later)], pipeline.contract).collect()
    finally:
        pipeline.s3.put_object(Bucket=pipeline.raw, Key=key, Body=before, Metadata=head["Metadata"])

    assert [row["event_time"].astimezone(UTC) for row in rows] == [later]


# --- after an erasure ---------------------------------------------------------------------------------------


def test_reading_rewritten_objects_again_changes_nothing(pipeline: ErasurePipeline) -> None:
    rewritten = [
        "stream/entities/2026/11/24/12/a.jsonl.gz",
        "drops/entities/old.csv",
        "repairs/entities/r.jsonl.gz",
    ]

    pipeline.ingest(*(pipeline.newest(key) for key in rewritten))

    assert pipeline.rows() == OTHERS


def test_a_replayed_copy_brings_nothing_back_until_the_erasure_is_lifted(
    other_pipeline: ErasurePipeline,
) -> None:
    pipeline = other_pipeline
    copy = lines(stream_record("INSERT", 30, 10, SECRET))
    pipeline.ingest(pipeline.put("stream/entities/2026/11/24/12/30.jsonl.gz", copy))
    assert pipeline.erase("30").is_complete

    pipeline.ingest(pipeline.put("stream/entities/2026/11/24/12/copy.jsonl.gz", copy))
    after_copy, copy_counts, copy_kept = (
        pipeline.rows(),
        pipeline.receipts(),
        quarantined(pipeline, pipeline.batch),
    )
    again = pipeline.put(
        "stream/entities/2026/11/24/12/new.jsonl.gz", lines(stream_record("INSERT", 30, 2**51, "Ann"))
    )
    pipeline.ingest(again)
    after_return, changes_until_then = pipeline.rows(), pipeline.changes()
    unblock_keys(pipeline.context("30", "31"))  # 31 was never erased
    pipeline.ingest(pipeline.put("stream/entities/2026/11/24/12/copy2.jsonl.gz", copy))
    after_lift = pipeline.rows()
    repair = record("MODIFY", "30", new=item(30, 2**51, "Ann"), number=9)  # as `parity --repair` writes it
    pipeline.ingest(pipeline.put("repairs/entities/30.jsonl.gz", lines(repair)))

    assert [30 in rows for rows in (after_copy, after_return, after_lift)] == [False, False, False]
    assert (copy_counts, copy_kept) == ({"copy.jsonl.gz": (1, 0, 1)}, [(ERASED_REASON, None)])
    assert 30 not in {number for number, _, _ in changes_until_then}
    assert pipeline.rows()[30] == "Ann"
    assert pipeline.erasures().note(erasure_of("30", "31"), UnblockNote) == UnblockNote(1)


def test_rows_of_an_erased_key_are_counted_and_nothing_of_them_is_kept(
    other_pipeline: ErasurePipeline,
) -> None:
    """Accepted or rejected, readable or not, by any door. A repair's retract does not end the erasure."""
    pipeline = other_pipeline
    assert pipeline.erase("33").is_complete
    changes_before, tombstones_before = pipeline.changes(), pipeline.tombstones()
    drop_lines = [
        {"id": 33, "name": SECRET},
        {"id": "33.0", "name": SECRET},
        {"id": 33, "name": SECRET, "unknown": SECRET},
        {"id": 34, "name": "Max", "unknown": "x"},
    ]
    body = "".join(f"{json.dumps(one)}\n" for one in drop_lines) + f'{{"id": 33, "name": "{SECRET}\n'
    retract = {"op": "retract", "key": "33", "version": ABOVE_ALL, "tie": ERASED}
    repair = record("MODIFY", "33", new=item(33, 60, SECRET), number=9)

    pipeline.ingest(
        pipeline.put("drops/entities/33.jsonl", body.encode()),
        pipeline.put(
            "stream/entities/2026/11/24/12/a33.jsonl.gz", lines(stream_record("INSERT", 33, 5, SECRET))
        ),
        pipeline.put("repairs/entities/r33.jsonl.gz", lines(retract, repair)),
    )

    kept = quarantined(pipeline, pipeline.batch)
    assert pipeline.receipts() == {
        "33.jsonl": (5, 0, 5),
        "a33.jsonl.gz": (1, 0, 1),
        "r33.jsonl.gz": (2, 0, 2),
    }
    assert [payload for _, payload in kept if payload] == ['{"id": 34, "name": "Max", "unknown": "x"}']
    assert [reason for reason, _ in kept].count(ERASED_REASON) == 7
    assert not [reason for reason, _ in kept if SECRET in reason]
    assert (pipeline.changes(), pipeline.tombstones()) == (changes_before, tombstones_before)


def test_a_batch_that_was_checked_in_part_before_an_erasure_still_adds_up(
    other_pipeline: ErasurePipeline,
) -> None:
    pipeline = other_pipeline
    manifest = pipeline.begin(pipeline.put("drops/entities/60.csv", drop((60, SECRET), (61, "Kim"))))
    pipeline.check(manifest, stops_after_changes=True)
    block_keys(pipeline.context("60"))

    pipeline.check(manifest)
    pipeline.merge()

    assert (60 in pipeline.rows(), pipeline.rows()[61]) == (False, "Kim")
    assert pipeline.erase("60").is_complete
    assert 60 not in {number for number, _, _ in pipeline.changes()}


def test_the_mark_in_dynamodb_has_nothing_of_the_item_and_lifting_leaves_an_ordinary_delete(
    other_pipeline: ErasurePipeline,
) -> None:
    pipeline = other_pipeline
    for number in (35, 36):
        pipeline.dynamodb.put_item(TableName=pipeline.table, Item=item(number, 2**53, SECRET))
    assert pipeline.erase("35", "36", "37").is_complete
    marks = [pipeline.item(key) for key in ("35", "36", "37")]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Marks, "unblock", lambda *_: pytest.fail("stopped"))
        with pytest.raises(pytest.fail.Exception):
            unblock_keys(pipeline.context("35", "37"))
    unblock_keys(pipeline.context("35", "37"))

    for key, mark in zip(("35", "36", "37"), marks, strict=True):
        assert mark is not None
        assert mark.pop("_event_id")["S"].startswith("erasure:")
        assert mark == {
            "_key": {"S": key},
            "_version": {"N": str(ABOVE_ALL)},
            "_deleted": {"BOOL": True},
            "_erased": {"BOOL": True},
        }
    lifted, still = pipeline.item("35"), pipeline.item("36")
    assert lifted is not None
    assert lifted.keys() == {"_key", "id", "_version", "_deleted", "_event_id", "_expires_at"}
    assert (lifted["id"], lifted["_version"]) == ({"N": "35"}, {"N": str(2**53)})
    assert still is not None
    assert "_erased" in still
    assert pipeline.erasures().note(erasure_of("35", "37"), UnblockNote) == UnblockNote(2)
    assert pipeline.tombstones()["36"] == (ABOVE_ALL, ERASED)
    assert pipeline.tombstones()["35"][0] == 2**53


def test_stream_records_of_marks_and_of_their_removal_change_nothing(other_pipeline: ErasurePipeline) -> None:
    pipeline = other_pipeline
    assert pipeline.erase("38").is_complete
    mark = pipeline.item("38")
    unblock_keys(pipeline.context("38"))
    records = [
        record("MODIFY", "38", old=item(38, 2**40, SECRET), new=mark, number=10),
        record("INSERT", "38", new=mark, number=11),
        record("MODIFY", "38", old=mark, new=pipeline.item("38"), number=12),
        record("REMOVE", "38", old=mark, number=13),
    ]
    pipeline.ingest(pipeline.put("stream/entities/2026/11/24/12/38.jsonl.gz", lines(*records)))

    newest = int((pipeline.item("38") or {})["_version"]["N"])
    assert pipeline.receipts() == {"38.jsonl.gz": (4, 2, 2)}
    assert quarantined(pipeline, pipeline.batch) == [(ERASED_REASON, None)] * 2
    assert pipeline.tombstones()["38"][0] <= newest + 1
    pipeline.ingest(
        pipeline.put(
            "stream/entities/2026/11/24/12/38b.jsonl.gz",
            lines(stream_record("INSERT", 38, newest + 2, "Ann")),
        )
    )
    assert pipeline.rows()[38] == "Ann"


def test_an_item_that_is_written_again_during_an_erasure_is_found(other_pipeline: ErasurePipeline) -> None:
    """Only a writer that does not use the Data API can replace the mark."""
    pipeline = other_pipeline

    def write_again(_: Any) -> None:
        pipeline.dynamodb.put_item(TableName=pipeline.table, Item=item(40, 2, SECRET))

    proof = pipeline.erase("40", meanwhile=write_again)

    [items] = [place for place in proof.places if place.place == "DynamoDB"]
    assert (proof.is_complete, items.found) == (False, 1)
    assert pipeline.erasures().request(erasure_of("40")) is not None
    assert pipeline.erase("40").is_complete


# --- stopped anywhere ---------------------------------------------------------------------------------------

_numbers = count(100)
POINTS = [
    (block, "add_tombstones"),
    (Marks, "put"),
    (remove_from_raw, "search_versions"),
    (remove_from_raw, "remove_from_versions"),
    (table_files, "_rewrite_files"),
    (table_files, "_rewrite_manifests"),
    (prove, "expire_before"),
    (prove, "record"),
]


@pytest.mark.parametrize(("module", "name"), POINTS, ids=[name for _, name in POINTS])
def test_an_erasure_that_stopped_at_any_point_has_the_same_result_when_it_is_run_again(
    other_pipeline: ErasurePipeline, module: Any, name: str
) -> None:
    pipeline, number = other_pipeline, next(_numbers)
    pipeline.dynamodb.put_item(TableName=pipeline.table, Item=item(number, 20, SECRET))
    records = [stream_record("INSERT", one, 10, SECRET) for one in (number, number + 1000)]
    body = b'{"id": %d, "name": "Ann Secret"}\n{"id": %d, "name": "two", "x": 1}\n' % (number, number)
    pipeline.ingest(
        pipeline.put(f"stream/entities/2026/11/24/12/{number}.jsonl.gz", lines(*records)),
        pipeline.put(f"drops/entities/{number}.jsonl", body),
    )
    with crash_at(module, name, "after"):
        pipeline.erase(str(number))

    proof = pipeline.erase(str(number))

    removed = {place.place.rpartition(".")[2]: place.removed for place in proof.places}
    assert proof.is_complete
    assert removed == {
        "DynamoDB": 1,
        "RAW: versions of objects": 4,  # the mark in the item's place is in the stream too
        "entities": 1,
        "entities_changes": 2,
        "quarantine": 1,
        "dead letters": 0,
        "answers of queries": 0,
    }
    assert pipeline.rows()[number + 1000] == SECRET
    assert number not in pipeline.rows()


# --- other shapes of datasets -------------------------------------------------------------------------------


def test_rows_of_composite_keys_in_day_partitions_are_removed_one_by_one(spark: "SparkSession") -> None:
    with open_pipeline(spark, "events") as pipeline:
        pipeline.contract = EVENTS
        day = "2026-01-{:02}T10:00:00Z"
        rows = [
            {
                "shop": shop,
                "number": number,
                "happened_at": day.format(number),
                "updated_at": day.format(number),
            }
            for shop in ("north", "it's, far")
            for number in (1, 2, 3)
        ]
        body = "".join(f"{json.dumps(row)}\n" for row in rows).encode()
        pipeline.ingest(pipeline.put("drops/events/a.jsonl", body))

        proof = pipeline.erase("north,1", "it%27s%2C%20far,3")

        table = spark.table(pipeline.lake.table("events")).select("shop", "number").collect()
        assert proof.is_complete
        assert sorted(map(tuple, table)) == [
            ("it's, far", 1), ("it's, far", 2), ("north", 2), ("north", 3)
        ]  # fmt: skip
        assert [place.removed for place in proof.places if place.place.startswith("lake")] == [2, 2]
