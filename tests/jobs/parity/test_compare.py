"""Damage behind the pipeline's back: the certificate names exactly those keys, and nothing in flight."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from jobs.lake.names import QUARANTINE
from jobs.parity.certificates import Certificate, Comparison
from jobs.parity.compare import BucketSum, bucket_count, content_hash, differing_buckets, item_states
from jobs.parity.tables import PARITY_RESULTS, PARITY_SUSPECTS
from tests.jobs.builders import ENTITIES, EVERY_TYPE, received
from tests.jobs.parity.fixture import Item, World, entity, interpreting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql import SparkSession

_COUNT = iter(range(1000))


@pytest.fixture
def world(spark: SparkSession) -> Iterator[World]:
    with interpreting(spark):
        yield World(spark, ENTITIES, f"parity-{next(_COUNT)}")


def named(certificate: Certificate) -> dict[str, tuple[str, ...]]:
    kinds = ("missing", "extra", "differing", "quarantined")
    return {kind: keys for kind in kinds if (keys := getattr(certificate, kind))}


# --- parity -------------------------------------------------------------------------------------------------


def test_a_table_that_is_what_dynamodb_holds_gets_its_certificate(world: World) -> None:
    items = [entity(number, f"name {number}") for number in range(20)]
    world.put(*items, entity(99, "gone", 5, deleted=True))
    world.merge(*items)

    certificate = world.certify()

    assert certificate.ok
    assert (certificate.items, certificate.rows, certificate.suspects) == (20, 20, 0)
    assert (certificate.differing_buckets, certificate.drop_only) == (0, 0)


def test_a_certificate_lies_in_the_bucket_and_in_the_table_and_its_suspects_are_forgotten(
    world: World,
) -> None:
    world.put(entity(1, "lost"))

    certificate = world.certify()

    at = datetime.fromisoformat(certificate.verified_through)
    assert list(world.objects.issued("entities", at - timedelta(seconds=1))) == [certificate]
    assert list(world.objects.issued("entities", at + timedelta(seconds=1))) == []
    assert list(world.objects.waiting("entities")) == []
    assert world.spark.table(world.lake.ops(PARITY_SUSPECTS)).count() == 0
    (row,) = world.spark.table(world.lake.ops(PARITY_RESULTS)).collect()
    assert (row["dataset"], row["missing"], row["ok"]) == ("entities", ["1"], False)
    snapshot = world.spark.table(f"{world.lake.ops(PARITY_SUSPECTS)}.snapshots").tail(1)[0]
    assert snapshot["operation"] == "delete"  # of whole files: none was read or written again


def test_an_empty_dataset_agrees(world: World) -> None:
    certificate = world.certify()

    assert certificate.ok
    assert (certificate.items, certificate.rows, certificate.snapshot_id) == (0, 0, None)


def test_the_certificate_names_exactly_the_damaged_keys(world: World) -> None:
    items = [entity(number, f"name {number}", 10) for number in range(20)]
    world.put(*items, entity(30, "deleted", 7, deleted=True))
    world.merge(*items)

    world.sql("DELETE FROM {table} WHERE id = 3")
    world.sql("UPDATE {table} SET name = 'altered' WHERE id = 4")  # at the same version
    world.sql("UPDATE {table} SET name = 'of old', _version = 9 WHERE id = 5")
    world.sql("UPDATE {table} SET name = NULL WHERE id = 6")
    world.sql("UPDATE {table} SET _version = 4000000000000000 WHERE id = 7")  # would refuse what comes
    world.merge(entity(21, "never written"), entity(30, "deleted", 6), entity(8, "name 8", 10))
    certificate = world.certify()

    assert not certificate.ok
    assert named(certificate) == {
        "missing": ("3",),
        "extra": ("21", "30"),
        "differing": ("4", "5", "6", "7", "8"),
    }
    assert certificate.drift == 8


def test_a_dataset_that_was_never_merged_lacks_every_key(world: World) -> None:
    world.put(*(entity(number, "new") for number in range(3)))

    assert named(world.certify()) == {"missing": ("0", "1", "2")}


def test_an_item_without_a_version_is_compared_by_content(world: World) -> None:
    items = [entity(number, f"name {number}", None) for number in range(5)]
    world.put(*items)
    world.merge(*items)
    assert world.certify().ok

    world.sql("UPDATE {table} SET name = 'altered' WHERE id = 4")
    assert named(world.certify()) == {"differing": ("4",)}


# --- drops --------------------------------------------------------------------------------------------------


def test_rows_of_drops_are_counted_apart_and_are_no_drift(world: World) -> None:
    world.put(entity(1, "of the API", 5), entity(2, "of the API", 5), entity(3, "deleted", 5, deleted=True))
    world.merge(entity(1, "of the API", 5))
    world.merge(
        entity(2, "a newer drop", 6),
        entity(3, "dropped after the delete", 6),
        *(entity(number, "of a drop", 1) for number in range(10, 20)),
        source="drop",
    )

    certificate = world.certify()

    assert certificate.ok
    assert (certificate.items, certificate.rows) == (2, 13)
    assert (certificate.drop_only, certificate.outranked) == (11, 1)


def test_a_drop_row_that_a_delete_or_a_newer_item_missed_is_drift(world: World) -> None:
    world.put(entity(2, "newer", 6), entity(3, "deleted", 6, deleted=True))
    world.merge(entity(2, "dropped", 5), entity(3, "dropped", 5), entity(4, "dropped", 5), source="drop")
    world.bury("4", 6)

    certificate = world.certify()

    assert named(certificate) == {"extra": ("3",), "differing": ("2",)}
    assert certificate.drop_only == 1  # a tombstone is no item: DynamoDB has nothing to say of key 4


# --- what check refused -------------------------------------------------------------------------------------


def test_an_item_whose_change_was_quarantined_is_named_apart(world: World) -> None:
    """A row that the API took but a rule over columns refused: the table keeps what was there before."""
    world.put(entity(1, "refused", 2), entity(2, "lost", 2), entity(3, "refused before, then lost", 3))
    world.merge(entity(1, "good", 1))
    world.put(entity(4, "of a wrong type", 1) | {"name": {"N": "4"}})
    refused = [entity(1, "refused", 2), entity(3, "refused before", 2)]
    stream = [
        json.dumps({"dynamodb": {"Keys": {"_key": item["_key"]}, "NewImage": item}}) for item in refused
    ]
    export = json.dumps({"Item": entity(5, "refused in an export", 1)})
    world.put(entity(5, "refused in an export", 1))
    payloads = [*stream, export, "no json", None]
    table = world.lake.ops(QUARANTINE)
    rows = [("entities", ["rule"], payload, "s3://raw/x", 1, "b", datetime.now(UTC)) for payload in payloads]
    world.spark.createDataFrame(rows, world.spark.table(table).schema).writeTo(table).append()

    certificate = world.certify(repair=True)

    assert named(certificate) == {"missing": ("2", "3"), "quarantined": ("1", "4", "5")}
    assert not certificate.ok
    assert certificate.repaired == 2


# --- in flight ----------------------------------------------------------------------------------------------


def test_what_changed_meanwhile_and_was_merged_since_is_parity(world: World) -> None:
    old = [entity(number, "old", 1) for number in range(6)]
    world.merge(*old)
    world.put(*old[:2], entity(2, "new", 2), entity(3, "new", 2, deleted=True), *old[5:])
    compared = world.compare()
    assert compared.suspects == 3  # 2 and 3 have moved on, 4 was removed

    world.put(entity(2, "newest", 4), entity(3, "back", 5), entity(4, "back", 5))
    world.sql("UPDATE {table} SET name = 'between', _version = 3 WHERE id = 2")
    world.sql("DELETE FROM {table} WHERE id = 3")
    world.sql("DELETE FROM {table} WHERE id = 4")
    found = world.confirm(compared)

    assert isinstance(found, Certificate)
    assert found.ok
    assert found.verified_through == compared.verified_through


def test_nothing_is_drift_before_it_had_time_to_land(world: World) -> None:
    world.put(entity(1, "new", 1))
    compared = world.compare()

    found = world.confirm(compared, settle=timedelta(minutes=1))

    assert isinstance(found, Comparison)
    assert found.in_flight == 1


def test_nothing_is_drift_while_an_object_that_landed_waits_for_a_batch(world: World) -> None:
    world.put(entity(1, "new", 1))
    job = world.options.job
    hour = f"{datetime.now(UTC):%Y/%m/%d/%H}"
    boto3.client("s3").put_object(Bucket=job.raw_bucket, Key=f"stream/entities/{hour}/1.jsonl.gz", Body=b"")
    boto3.client("sqs").send_message(QueueUrl=job.intake_queue_url, MessageBody="it landed")
    compared = world.compare()

    found = world.confirm(compared, settle=timedelta(seconds=0.5))
    assert isinstance(found, Comparison)  # it may land until then
    found = world.confirm(compared, settle=timedelta(seconds=0))
    assert isinstance(found, Comparison)
    assert found.in_flight == 1

    boto3.client("sqs").purge_queue(QueueUrl=job.intake_queue_url)
    lost = world.confirm(compared)
    assert isinstance(lost, Certificate)
    assert named(lost) == {"missing": ("1",)}


def test_nothing_is_drift_while_a_batch_that_has_just_begun_is_open(world: World) -> None:
    world.put(entity(1, "new", 1))
    boto3.client("s3").put_object(Bucket=world.options.job.lake_bucket, Key="open/wr_9", Body=b"")

    found = world.confirm(world.compare())

    assert isinstance(found, Comparison)
    assert found.in_flight == 1


# --- hashes -------------------------------------------------------------------------------------------------

FULL: Item = {
    "_key": {"S": "a"},
    "_version": {"N": "1"},
    "id": {"S": "a"},
    "small": {"N": "1"},
    "large": {"N": "9223372036854775807"},
    "price": {"N": "1.5"},
    "exact": {"N": "12345678901234567890.123456789012345678"},
    "ratio": {"N": "0.1"},
    "approximate": {"N": "0.5"},
    "is_new": {"BOOL": True},
    "day": {"S": "2026-11-24"},
    "seen_at": {"S": "2026-11-24T12:00:00.000001Z"},
    "blob": {"B": base64.b64encode(b"\x00\xff").decode()},
    "state": {"S": "old"},
    "place": {"M": {"street": {"S": "Main"}, "number": {"N": "1"}}},
    "sizes": {"L": [{"N": "1"}, {"NULL": True}]},
    "tags": {"SS": ["a", "b"]},
}
OTHER: dict[str, list[dict[str, Any]]] = {
    "small": [{"N": "2"}, {"NULL": True}],
    "large": [{"N": "9223372036854775806"}],
    "price": [{"N": "1.51"}],
    "exact": [{"N": "12345678901234567890.123456789012345679"}],
    "ratio": [{"N": "0.10000000000000002"}],
    "approximate": [{"N": "0.25"}],
    "is_new": [{"BOOL": False}],
    "day": [{"S": "2026-11-25"}],
    "seen_at": [{"S": "2026-11-24T12:00:00.000002Z"}],
    "blob": [{"B": base64.b64encode(b"\xff\x00").decode()}],
    "state": [{"S": ""}, {"S": "new"}],
    "place": [{"M": {"street": {"S": "Main"}}}, {"M": {"street": {"S": "1"}, "number": {"N": "1"}}}],
    "sizes": [{"L": [{"NULL": True}, {"N": "1"}]}, {"L": [{"N": "1"}]}, {"L": []}],
    "tags": [{"SS": ["a"]}, {"L": [{"S": "b"}, {"S": "a"}]}, {"L": []}],
}


def test_every_difference_in_every_type_has_another_hash(spark: SparkSession) -> None:
    items = [FULL] + [FULL | {name: value} for name, values in OTHER.items() for value in values]

    rows = item_states(received(spark, [_record(item) for item in items]), EVERY_TYPE).collect()

    assert not any(row["is_refused"] for row in rows)
    assert len({row["content"] for row in rows}) == len(items)


def test_null_and_absent_and_the_two_spellings_of_a_value_have_one_hash(spark: SparkSession) -> None:
    absent = {name: value for name, value in FULL.items() if name != "small"}
    same = [
        [absent, absent | {"small": {"NULL": True}}],
        [FULL, FULL | {"price": {"N": "1.50"}}, FULL | {"tags": {"L": [{"S": "a"}, {"S": "b"}]}}],
        [FULL | {"place": {"M": {"street": {"S": "x"}}}},
         FULL | {"place": {"M": {"street": {"S": "x"}, "number": {"NULL": True}}}}],
    ]  # fmt: skip

    for items in same:
        states = item_states(received(spark, [_record(item) for item in items]), EVERY_TYPE)
        assert states.select("content").distinct().count() == 1


def test_what_is_null_is_not_passed_over(spark: SparkSession) -> None:
    rows = spark.createDataFrame([(1, None), (None, 1)], "id long, name string")

    assert rows.select(content_hash(ENTITIES, rows["id"])).distinct().count() == 2


def _record(item: object) -> dict[str, object]:
    return {"eventName": "MODIFY", "dynamodb": {"NewImage": item, "SequenceNumber": "0"}}


# --- buckets ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "buckets"), [(0, 256), (92_331, 256), (1_000_000, 2048), (10_000_000_000, 4096)]
)
def test_there_are_a_few_hundred_keys_to_a_bucket_within_bounds(keys: int, buckets: int) -> None:
    assert bucket_count(keys) == buckets


def test_only_buckets_whose_sums_differ_are_looked_into() -> None:
    items = {1: BucketSum(1, 5, 5), 2: BucketSum(1, 7, 7), 3: BucketSum(apart=1), 4: BucketSum(apart=1)}
    rows = {1: BucketSum(1, 5, 5), 2: BucketSum(1, 8, 8), 4: BucketSum(apart=3), 5: BucketSum(apart=2)}

    assert differing_buckets(items, rows) == [2, 4]
