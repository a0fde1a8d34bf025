"""Erasing: nothing of a key is left anywhere but its tombstone, whatever happens meanwhile and after."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from expectations.timestamps import micros_of
from jobs.changes.reasons import ERASED_REASON
from jobs.erasure import phases, tables
from jobs.erasure.marks import Marks
from jobs.erasure.phases import lift_keys, seal
from jobs.erasure.requests import ERASURES, PROOF, Proof
from jobs.erasure.tombstones import ABOVE_ALL, ERASED
from jobs.reading.exports import open_export
from jobs.reading.receive import receive
from tests.jobs.builders import EVENTS, SENT, record
from tests.jobs.erase_world import (
    KEY,
    SECRET,
    World,
    drop,
    erasure_of,
    fill,
    item,
    lines,
    open_world,
    stream_record,
)

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.deep

OTHERS = {1: "Kim", 2: "Lee", 3: "Joe", 5: "Eva", 6: "Max", 8: "Bob", 9: "Zoe"}


@pytest.fixture(scope="module")
def world(spark: "SparkSession") -> Iterator[World]:
    """One in which the key was everywhere, and has been erased."""
    with open_world(spark, "erased") as world:
        fill(world)
        assert world.rows() == OTHERS | {KEY: SECRET}
        world.proof = world.erase(str(KEY))
        yield world


@pytest.fixture(scope="module")
def other_world(spark: "SparkSession") -> Iterator[World]:
    """One for keys that come and go."""
    with open_world(spark, "other") as world:
        yield world


def quarantined(world: World, *batches: int) -> list[tuple[str, str | None]]:
    """First reason and payload of the quarantined rows, of these batches or of all."""
    rows = world.spark.table(world.lake.ops("quarantine")).collect()
    ids = [f"batch-{number}" for number in batches]
    return sorted(
        ((row["reasons"][0], row["payload"]) for row in rows if not ids or row["batch_id"] in ids), key=str
    )


def proof_of(world: World) -> Proof:
    assert world.proof is not None
    return world.proof


# --- what is left -------------------------------------------------------------------------------------------


def test_the_proof_counts_what_was_removed_and_finds_nothing(world: World) -> None:
    proof = proof_of(world)
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


def test_rows_of_others_are_as_they_were(world: World) -> None:
    assert world.rows() == OTHERS
    assert {name for _, _, name in world.changes()} == {*OTHERS.values(), "Eve"}
    assert quarantined(world) == [
        (ERASED_REASON, None),  # the stream's record of the mark, which has the item as it was
        ("type: column id: expected long, got 'nine'", '{"id": "nine", "name": "Zoe"}'),
    ]


def test_no_object_of_raw_has_the_key_in_any_version(world: World) -> None:
    objects = world.objects()

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


def test_an_export_still_adds_up(world: World) -> None:
    summary = next(key for key in world.objects() if key.endswith("manifest-summary.json"))

    files = open_export(world.s3, world.newest(summary))

    assert sorted(file.items or 0 for file in files) == [1, 1]
    rows = receive(world.spark, files, world.contract).collect()
    assert [row["problem"] for row in rows] == [None, None]
    assert {json.loads(row["payload"])["Item"]["id"]["N"] for row in rows} == {"8", "9"}


def test_no_file_of_a_table_has_the_key_whichever_snapshot_it_is_of(world: World) -> None:
    for name in ("table", "changes"):
        table = getattr(world.lake, name)("entities")
        folder = Path(tables.location(world.spark, table).removeprefix("file:"))
        files = [file for file in folder.rglob("*.parquet") if "deletes" not in file.name]
        ids = [number for file in files for number in pq.read_table(file, columns=["id"])["id"].to_pylist()]

        assert files
        assert KEY not in ids
        assert not (folder / "data" / "00000-0-orphan.parquet").exists()


def test_no_manifest_tells_of_values_of_the_key(world: World) -> None:
    entries = world.spark.table(f"{world.lake.changes('entities')}.all_entries").where(
        "data_file.content = 0"
    )
    bounds = entries.select(
        "readable_metrics.name.lower_bound", "readable_metrics.name.upper_bound"
    ).collect()

    assert bounds
    assert not [bound for row in bounds for bound in row if bound and bound.startswith("Ann")]


def test_the_tombstone_stays_and_no_retention_takes_it(world: World) -> None:
    graves = world.spark.table(world.lake.ops("tombstones")).where(f"key = '{KEY}'").collect()

    assert [(grave["_version"], grave["_tie"]) for grave in graves] == [(ABOVE_ALL, ERASED)]
    assert graves[0]["deleted_at"].year == 9999


def test_the_record_names_no_key(world: World) -> None:
    [kept] = world.spark.table(world.lake.ops(ERASURES)).collect()
    left = world.s3.list_objects_v2(Bucket=world.lake_bucket, Prefix="erase/erasure")["Contents"]

    assert (kept["key_hash"], kept["is_complete"]) == ("hash of 7", True)
    assert kept["newest_version"] == micros_of(SENT)  # the version that the drops' time gave it
    assert json.loads(kept["proof"]) == proof_of(world).to_dict() | {"kept": list(phases.KEPT)}
    assert [one["Key"] for one in left] == [f"erase/{erasure_of('7')}/proof.json"]
    assert world.erasures().note(erasure_of("7"), PROOF)["is_complete"]


def test_answers_of_queries_are_gone(world: World) -> None:
    assert "Contents" not in world.s3.list_objects_v2(Bucket=world.lake_bucket, Prefix="athena/")


def test_a_rewritten_drop_keeps_its_place_in_the_order(world: World) -> None:
    """It is announced anew, and its rows have no version but the time of their event."""
    later = datetime(2026, 11, 25, tzinfo=UTC)
    rows = receive(world.spark, [world.newest("drops/entities/more.jsonl", later)], world.contract).collect()

    assert [(row["event_time"].astimezone(UTC), row["sequencer"]) for row in rows] == [(SENT, None)]


def test_a_drop_that_is_rewritten_twice_was_announced_when_it_was_announced_first(other_world: World) -> None:
    world, key = other_world, "drops/entities/twice.csv"
    world.ingest(world.put(key, b"id,name\n51,Ann\n52,Bob\n53,Zoe\n"))
    assert world.erase("51").is_complete
    world.ingest(world.newest(key, datetime(2026, 11, 25, tzinfo=UTC)))
    assert world.erase("52").is_complete

    later = datetime(2026, 11, 26, tzinfo=UTC)
    (row,) = receive(world.spark, [world.newest(key, later)], world.contract).collect()

    assert (row["payload"], row["event_time"].astimezone(UTC)) == ('{"id": "53", "name": "Zoe"}', SENT)


def test_only_what_erase_wrote_keeps_the_time_of_its_first_event(world: World) -> None:
    """A tool that copies objects keeps their metadata; a partner may give any."""
    key, later = "drops/entities/more.jsonl", datetime(2026, 11, 25, tzinfo=UTC)
    head = world.s3.head_object(Bucket=world.raw, Key=key)
    before = world.s3.get_object(Bucket=world.raw, Key=key)["Body"].read()
    try:
        world.s3.put_object(Bucket=world.raw, Key=key, Body=b'{"id":77}\n', Metadata=head["Metadata"])
        rows = receive(world.spark, [world.newest(key, later)], world.contract).collect()
    finally:
        world.s3.put_object(Bucket=world.raw, Key=key, Body=before, Metadata=head["Metadata"])

    assert [row["event_time"].astimezone(UTC) for row in rows] == [later]


# --- what comes after ---------------------------------------------------------------------------------------


def test_what_is_read_again_changes_nothing(world: World) -> None:
    rewritten = [
        "stream/entities/2026/11/24/12/a.jsonl.gz",
        "drops/entities/old.csv",
        "repairs/entities/r.jsonl.gz",
    ]

    world.ingest(*(world.newest(key) for key in rewritten))

    assert world.rows() == OTHERS


def test_a_replayed_copy_brings_nothing_back_until_the_erasure_is_lifted(other_world: World) -> None:
    world = other_world
    copy = lines(stream_record("INSERT", 30, 10, SECRET))
    world.ingest(world.put("stream/entities/2026/11/24/12/30.jsonl.gz", copy))
    assert world.erase("30").is_complete

    world.ingest(world.put("stream/entities/2026/11/24/12/copy.jsonl.gz", copy))
    after_copy, copy_counts, copy_kept = world.rows(), world.receipts(), quarantined(world, world.batch)
    again = world.put(
        "stream/entities/2026/11/24/12/new.jsonl.gz", lines(stream_record("INSERT", 30, 2**51, "Ann"))
    )
    world.ingest(again)
    after_return, changes_until_then = world.rows(), world.changes()
    lift_keys(world.work("30", "31"))  # of 31, nobody ever asked
    world.ingest(world.put("stream/entities/2026/11/24/12/copy2.jsonl.gz", copy))
    after_lift = world.rows()
    repair = record("MODIFY", "30", new=item(30, 2**51, "Ann"), number=9)  # as `parity --repair` writes it
    world.ingest(world.put("repairs/entities/30.jsonl.gz", lines(repair)))

    assert [30 in rows for rows in (after_copy, after_return, after_lift)] == [False, False, False]
    assert (copy_counts, copy_kept) == ({"copy.jsonl.gz": (1, 0, 1)}, [(ERASED_REASON, None)])
    assert 30 not in {number for number, _, _ in changes_until_then}
    assert world.rows()[30] == "Ann"
    assert world.erasures().note(erasure_of("30", "31"), "lifted") == {"lifted": 1}


def test_rows_of_an_erased_key_are_counted_and_nothing_of_them_is_kept(other_world: World) -> None:
    """Good or bad, readable or not, by any door; and a repair's retract does not lift the erasure."""
    world = other_world
    assert world.erase("33").is_complete
    changes_before, graves_before = world.changes(), world.tombstones()
    drop_lines = [
        {"id": 33, "name": SECRET},
        {"id": "33.0", "name": SECRET},
        {"id": 33, "name": SECRET, "unknown": SECRET},
        {"id": 34, "name": "Max", "unknown": "x"},
    ]
    body = "".join(f"{json.dumps(one)}\n" for one in drop_lines) + f'{{"id": 33, "name": "{SECRET}\n'
    retract = {"op": "retract", "key": "33", "version": ABOVE_ALL, "tie": ERASED}
    repair = record("MODIFY", "33", new=item(33, 60, SECRET), number=9)

    world.ingest(
        world.put("drops/entities/33.jsonl", body.encode()),
        world.put(
            "stream/entities/2026/11/24/12/a33.jsonl.gz", lines(stream_record("INSERT", 33, 5, SECRET))
        ),
        world.put("repairs/entities/r33.jsonl.gz", lines(retract, repair)),
    )

    kept = quarantined(world, world.batch)
    assert world.receipts() == {"33.jsonl": (5, 0, 5), "a33.jsonl.gz": (1, 0, 1), "r33.jsonl.gz": (2, 0, 2)}
    assert [payload for _, payload in kept if payload] == ['{"id": 34, "name": "Max", "unknown": "x"}']
    assert [reason for reason, _ in kept].count(ERASED_REASON) == 7
    assert not [reason for reason, _ in kept if SECRET in reason]
    assert (world.changes(), world.tombstones()) == (changes_before, graves_before)


def test_a_batch_that_was_checked_in_part_before_an_erasure_still_adds_up(other_world: World) -> None:
    world = other_world
    manifest = world.begin(world.put("drops/entities/60.csv", drop((60, SECRET), (61, "Kim"))))
    world.check(manifest, dies_after_changes=True)
    seal(world.work("60"))

    world.check(manifest)
    world.merge()

    assert (60 in world.rows(), world.rows()[61]) == (False, "Kim")
    assert world.erase("60").is_complete
    assert 60 not in {number for number, _, _ in world.changes()}


def test_the_mark_in_dynamodb_has_nothing_of_the_item_and_lifting_leaves_an_ordinary_delete(
    other_world: World,
) -> None:
    world = other_world
    for number in (35, 36):
        world.dynamodb.put_item(TableName=world.table, Item=item(number, 2**53, SECRET))
    assert world.erase("35", "36", "37").is_complete
    marks = [world.item(key) for key in ("35", "36", "37")]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Marks, "lift", lambda *_: pytest.fail("killed"))
        with pytest.raises(pytest.fail.Exception):
            lift_keys(world.work("35", "37"))
    lift_keys(world.work("35", "37"))

    for key, mark in zip(("35", "36", "37"), marks, strict=True):
        assert mark is not None
        assert mark.pop("_event_id")["S"].startswith("erasure:")
        assert mark == {
            "_key": {"S": key},
            "_version": {"N": str(ABOVE_ALL)},
            "_deleted": {"BOOL": True},
            "_erased": {"BOOL": True},
        }
    lifted, still = world.item("35"), world.item("36")
    assert lifted is not None
    assert lifted.keys() == {"_key", "id", "_version", "_deleted", "_event_id", "_expires_at"}
    assert (lifted["id"], lifted["_version"]) == ({"N": "35"}, {"N": str(2**53)})
    assert still is not None
    assert "_erased" in still
    assert world.erasures().note(erasure_of("35", "37"), "lifted") == {"lifted": 2}
    assert world.tombstones()["36"] == (ABOVE_ALL, ERASED)
    assert world.tombstones()["35"][0] == 2**53


def test_what_the_stream_tells_of_marks_and_of_their_lifting_changes_nothing(other_world: World) -> None:
    world = other_world
    assert world.erase("38").is_complete
    mark = world.item("38")
    lift_keys(world.work("38"))
    records = [
        record("MODIFY", "38", old=item(38, 2**40, SECRET), new=mark, number=10),
        record("INSERT", "38", new=mark, number=11),
        record("MODIFY", "38", old=mark, new=world.item("38"), number=12),
        record("REMOVE", "38", old=mark, number=13),
    ]
    world.ingest(world.put("stream/entities/2026/11/24/12/38.jsonl.gz", lines(*records)))

    newest = int((world.item("38") or {})["_version"]["N"])
    assert world.receipts() == {"38.jsonl.gz": (4, 2, 2)}
    assert quarantined(world, world.batch) == [(ERASED_REASON, None)] * 2
    assert world.tombstones()["38"][0] <= newest + 1
    world.ingest(
        world.put(
            "stream/entities/2026/11/24/12/38b.jsonl.gz",
            lines(stream_record("INSERT", 38, newest + 2, "Ann")),
        )
    )
    assert world.rows()[38] == "Ann"


def test_an_item_that_comes_back_while_it_is_erased_is_found(other_world: World) -> None:
    """Of a writer that passes the Data API by: it alone can take the place of the mark."""
    world = other_world

    def write_again(_: Any) -> None:
        world.dynamodb.put_item(TableName=world.table, Item=item(40, 2, SECRET))

    proof = world.erase("40", meanwhile=write_again)

    [items] = [place for place in proof.places if place.place == "DynamoDB"]
    assert (proof.is_complete, items.found) == (False, 1)
    assert world.erasures().request(erasure_of("40")) is not None
    assert world.erase("40").is_complete


# --- stopped anywhere ---------------------------------------------------------------------------------------

_numbers = count(100)
POINTS = [
    (phases, "bury"),
    (Marks, "put"),
    (phases, "look"),
    (phases, "take_out"),
    (tables, "_rewrite_files"),
    (tables, "_rewrite_manifests"),
    (phases, "expire_before"),
    (phases, "record"),
]


class Killed(Exception):
    pass


@pytest.mark.parametrize(("module", "name"), POINTS, ids=[name for _, name in POINTS])
def test_an_erasure_that_is_killed_anywhere_ends_in_the_same_when_it_is_run_again(
    other_world: World, monkeypatch: pytest.MonkeyPatch, module: Any, name: str
) -> None:
    world, number = other_world, next(_numbers)
    world.dynamodb.put_item(TableName=world.table, Item=item(number, 20, SECRET))
    records = [stream_record("INSERT", one, 10, SECRET) for one in (number, number + 1000)]
    body = b'{"id": %d, "name": "Ann Secret"}\n{"id": %d, "name": "two", "x": 1}\n' % (number, number)
    world.ingest(
        world.put(f"stream/entities/2026/11/24/12/{number}.jsonl.gz", lines(*records)),
        world.put(f"drops/entities/{number}.jsonl", body),
    )
    act = getattr(module, name)

    def act_and_die(*given: Any, **named: Any) -> Any:
        act(*given, **named)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(module, name, act_and_die)
        with pytest.raises(Killed):
            world.erase(str(number))

    proof = world.erase(str(number))

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
    assert world.rows()[number + 1000] == SECRET
    assert number not in world.rows()


# --- other shapes of datasets -------------------------------------------------------------------------------


def test_composite_keys_in_day_partitions_go_one_by_one(spark: "SparkSession") -> None:
    with open_world(spark, "events") as world:
        world.contract = EVENTS
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
        world.ingest(world.put("drops/events/a.jsonl", body))

        proof = world.erase("north,1", "it%27s%2C%20far,3")

        table = spark.table(world.lake.table("events")).select("shop", "number").collect()
        assert proof.is_complete
        assert sorted(map(tuple, table)) == [
            ("it's, far", 1), ("it's, far", 2), ("north", 2), ("north", 3)
        ]  # fmt: skip
        assert [place.removed for place in proof.places if place.place.startswith("lake")] == [2, 2]
