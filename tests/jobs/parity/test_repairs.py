"""Repair lines: what they say, and that check and merge heal any damage with them."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.erasure.tombstones import ABOVE_ALL, ERASED
from jobs.lake.names import TOMBSTONES
from jobs.parity.certificates import Comparison
from jobs.parity.dynamodb_scan import as_record
from jobs.parity.repairs import Repair, repair_lines
from jobs.parity.tables import PARITY_RESULTS
from tests.jobs.builders import ENTITIES
from tests.jobs.parity_world import EXAMPLES, World, entity, interpreting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql import SparkSession

_COUNT = iter(range(1000))
AT = datetime(2026, 11, 24, 12, 0, 0, 600_000, UTC)
NOW = datetime(2026, 11, 24, 12, 1, 0, 5, UTC)
COMPARED = Comparison(
    dataset="entities",
    run_id="jr_1",
    verified_through=AT.isoformat(),
    scanned_until=AT.isoformat(),
    snapshot_id=1,
    buckets=256,
    differing_buckets=1,
    items=1,
    rows=1,
    drop_only=0,
    outranked=0,
    suspects=1,
)
REPAIR = Repair.of(COMPARED, "raw", NOW)


def lines_of(key: str, rows: Any = None, grave: Any = None, item: Any = None) -> list[dict[str, Any]]:
    drifted = {
        "key": key,
        "rows": json.dumps(rows) if rows else None,
        "grave": json.dumps(grave) if grave else None,
        "is_live": None if item is None else "_deleted" not in item,
        "version": int(item["_version"]["N"]) if item and "_version" in item else None,
        "record": None if item is None else as_record(item),
    }
    return [json.loads(line) for line in repair_lines(drifted, REPAIR)]


# --- lines --------------------------------------------------------------------------------------------------


def test_a_row_that_differs_is_taken_away_before_the_true_item_comes() -> None:
    item = entity(1, "true", 5)

    retract, record = lines_of("1", rows=[{"version": 9, "tie": "0042"}], item=item)

    assert retract == {"op": "retract", "key": "1", "version": 9, "tie": "0042"}
    assert record["dynamodb"]["NewImage"] == item
    assert record["dynamodb"]["Keys"] == {"_key": {"S": "1"}}
    assert record["dynamodb"]["ApproximateCreationDateTime"] == int(AT.timestamp())
    assert record["eventID"] == f"repair-{COMPARED.name}"


def test_a_repair_loses_to_the_true_record_of_its_version_and_no_two_repairs_are_the_same() -> None:
    (record,) = lines_of("1", item=entity(1, "true", 5))
    number = record["dynamodb"]["SequenceNumber"]

    assert len(number) < 21  # digits of a stream's number, at least
    assert number != Repair.of(COMPARED, "raw", datetime.now(UTC)).sequence_number


def test_an_extra_row_is_taken_away_and_a_missing_item_put_back() -> None:
    assert [line.get("op") for line in lines_of("1", rows=[{"version": 1, "tie": "a"}])] == ["retract"]
    assert [line.get("op") for line in lines_of("1", item=entity(1, "true"))] == [None]


def test_the_mark_of_a_deleted_item_is_put_back_too() -> None:
    deleted = entity(1, "gone", 7, deleted=True)

    *_, record = lines_of("1", rows=[{"version": 1, "tie": "a"}], item=deleted)

    assert record["dynamodb"]["NewImage"]["_deleted"] == {"BOOL": True}


def test_a_tombstone_is_taken_away_where_it_would_keep_the_true_item_out() -> None:
    grave = {"_version": 5, "_tie": "0001"}
    cases = {4: True, 5: True, 6: False}

    for version, outranked in cases.items():
        lines = lines_of("1", grave=grave, item=entity(1, "true", version))
        assert ("op" in lines[0]) is outranked
    assert "op" in lines_of("1", grave=grave, item=entity(1, "true", None))[0]
    assert not any("op" in line for line in lines_of("1", grave=grave, item=entity(1, "x", 4, deleted=True)))


def test_the_tombstone_of_an_erased_key_stays_and_its_item_is_not_put_back() -> None:
    grave = {"_version": ABOVE_ALL, "_tie": ERASED}

    assert lines_of("1", grave=grave, item=entity(1, "sent again", 5)) == []
    assert [line["op"] for line in lines_of("1", rows=[{"version": 5, "tie": "a"}], grave=grave)] == [
        "retract"
    ]


def test_every_copy_of_a_row_is_taken_away() -> None:
    rows = [{"version": 1, "tie": "a"}, {"version": 2, "tie": "b"}]

    assert [line["version"] for line in lines_of("1", rows=rows)] == [1, 2]


# --- healing ------------------------------------------------------------------------------------------------


@pytest.fixture
def small_data_spark(spark: SparkSession) -> Iterator[SparkSession]:
    with interpreting(spark):
        yield spark


@pytest.fixture
def world(small_data_spark: SparkSession) -> World:
    return World(small_data_spark, ENTITIES, f"repairs-{next(_COUNT)}")


def test_repairs_of_a_key_are_in_one_object_named_by_the_comparison(world: World) -> None:
    world.put(*(entity(number, "true", 2) for number in range(50)))
    world.merge(*(entity(number, "false", 2) for number in range(50)))

    certificate = world.certify(repair=True)

    assert certificate.repaired == 50
    objects = world.repair_objects()
    keys = [
        {line.get("key") or line["dynamodb"]["Keys"]["_key"]["S"] for line in some}
        for some in objects.values()
    ]
    assert sum(map(len, keys)) == len(set().union(*keys)) == 50
    at = f"{datetime.fromisoformat(certificate.verified_through):%Y%m%dT%H%M%S.%fZ}"
    assert all(name.startswith(f"repairs/entities/{at}-") for name in objects)


def test_an_item_that_a_tombstone_kept_out_comes_back(world: World) -> None:
    """Removed, then written again with an older version: the table has to show what DynamoDB has."""
    world.put(entity(1, "true", 4))
    world.bury("1", 9)

    assert world.certify(repair=True).missing == ("1",)
    world.take_repairs()

    assert world.certify().ok
    assert world.spark.table(world.lake.ops(TOMBSTONES)).count() == 0


def test_an_erased_key_that_its_source_sends_again_is_named_apart_and_stays_erased(world: World) -> None:
    world.put(entity(1, "sent again", 5), entity(2, "lost", 5), entity(3, "sent again", None))
    for key in ("1", "3"):
        world.bury(key, ABOVE_ALL, ERASED)
    boto3.client("s3").put_object(  # which an earlier version wrote, or someone by hand
        Bucket=world.options.job.raw_bucket,
        Key="repairs/entities/old.jsonl.gz",
        Body=gzip.compress(
            json.dumps({"op": "retract", "key": "1", "version": ABOVE_ALL, "tie": ERASED}).encode()
        ),
    )

    certificate = world.certify(repair=True)
    world.take_repairs()

    assert (certificate.missing, certificate.erased, certificate.repaired) == (("2",), ("1", "3"), 1)
    assert not certificate.ok
    assert (world.keys(), world.certify().erased) == (["2"], ("1", "3"))
    graves = world.spark.table(world.lake.ops(TOMBSTONES)).collect()
    assert sorted((row["key"], row["_version"], row["_tie"]) for row in graves) == [
        ("1", ABOVE_ALL, ERASED),
        ("3", ABOVE_ALL, ERASED),
    ]
    recorded = world.spark.table(world.lake.ops(PARITY_RESULTS)).select("erased", "ok").distinct().collect()
    assert [tuple(row) for row in recorded] == [(["1", "3"], False)]


DAMAGES = ("none", "delete", "alter", "age", "advance", "empty", "copy")


@settings(max_examples=EXAMPLES)
@given(
    st.lists(st.sampled_from(DAMAGES), min_size=5, max_size=40),
    st.lists(st.sampled_from(["never", "deleted"]), max_size=5),
    st.sets(st.integers(0, 39)),
)
def test_any_damage_is_named_exactly_and_healed(
    small_data_spark: SparkSession, damages: list[str], added: list[str], unstamped: set[int]
) -> None:
    world = World(small_data_spark, ENTITIES, f"repairs-{next(_COUNT)}")
    items = {n: entity(n, f"true {n}", None if n in unstamped else 10) for n in range(len(damages))}
    ghosts = [entity(100 + n, "ghost", 5) for n in range(len(added))]
    world.put(*items.values())
    world.put(*(entity(100 + n, "", 7, deleted=True) for n, kind in enumerate(added) if kind == "deleted"))
    world.merge(*items.values(), *ghosts, *(items[n] for n, kind in enumerate(damages) if kind == "copy"))
    for kind, change in {
        "alter": "name = 'altered'",
        "age": "name = 'of old', _version = _version - 1",
        "advance": "_version = _version + 1",
        "empty": "name = NULL",
    }.items():
        world.sql(f"UPDATE {{table}} SET {change} WHERE id IN ({_these(damages, kind)})")
    world.sql(f"DELETE FROM {{table}} WHERE id IN ({_these(damages, 'delete')})")

    certificate = world.certify(repair=True)

    by_kind = {kind: {n for n, found in enumerate(damages) if found == kind} for kind in DAMAGES}
    differing = by_kind["alter"] | by_kind["age"] | by_kind["empty"] | by_kind["copy"]
    differing |= by_kind["advance"] - unstamped  # an item without a version can have any
    assert certificate.missing == _keys(by_kind["delete"])
    assert certificate.differing == _keys(differing)
    assert certificate.extra == _keys({100 + n for n in range(len(added))})
    assert certificate.repaired == certificate.drift
    if certificate.drift:
        world.take_repairs()
        healed = world.certify()
        assert healed.ok, healed
        assert healed.rows == len(items)


def _these(damages: list[str], kind: str) -> str:
    return ", ".join(["-1", *(str(n) for n, found in enumerate(damages) if found == kind)])


def _keys(numbers: set[int]) -> tuple[str, ...]:
    return tuple(sorted(map(str, numbers)))
