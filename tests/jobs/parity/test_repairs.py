"""Repair lines: what they contain, and that check and merge restore any damaged table with them."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.erasure.tombstones import ABOVE_ALL, ERASED
from jobs.lake.names import TOMBSTONES
from jobs.parity.dynamodb_scan import as_record
from jobs.parity.repairs import Repair, repair_lines
from jobs.parity.tables import PARITY_RESULTS
from tests.jobs.builders import ENTITIES
from tests.jobs.parity.certificate_builders import comparison
from tests.jobs.parity.fixture import EXAMPLES, ParityFixture, entity

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_COUNT = iter(range(1000))
COMPARED = comparison(dataset="entities")
AT = COMPARED.verified_through
NOW = AT + timedelta(minutes=1, microseconds=5)
REPAIR = Repair.of(COMPARED, "raw", NOW)


def lines_of(key: str, rows: Any = None, tombstone: Any = None, item: Any = None) -> list[dict[str, Any]]:
    drifted = {
        "key": key,
        "rows": json.dumps(rows) if rows else None,
        "tombstone": json.dumps(tombstone) if tombstone else None,
        "is_live": None if item is None else "_deleted" not in item,
        "version": int(item["_version"]["N"]) if item and "_version" in item else None,
        "record": None if item is None else as_record(ENTITIES, item),
    }
    return [json.loads(line) for line in repair_lines(drifted, REPAIR)]


# --- lines --------------------------------------------------------------------------------------------------


def test_a_row_that_differs_is_retracted_before_the_true_item_is_restored() -> None:
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


def test_an_extra_row_is_retracted_and_a_missing_item_restored() -> None:
    assert [line.get("op") for line in lines_of("1", rows=[{"version": 1, "tie": "a"}])] == ["retract"]
    assert [line.get("op") for line in lines_of("1", item=entity(1, "true"))] == [None]


def test_the_mark_of_a_deleted_item_is_restored_too() -> None:
    deleted = entity(1, "gone", 7, deleted=True)

    *_, record = lines_of("1", rows=[{"version": 1, "tie": "a"}], item=deleted)

    assert record["dynamodb"]["NewImage"]["_deleted"] == {"BOOL": True}


def test_a_tombstone_is_retracted_if_it_outranks_the_true_item() -> None:
    tombstone = {"_version": 5, "_tie": "0001"}
    cases = {4: True, 5: True, 6: False}

    for version, outranked in cases.items():
        lines = lines_of("1", tombstone=tombstone, item=entity(1, "true", version))
        assert ("op" in lines[0]) is outranked
    assert "op" in lines_of("1", tombstone=tombstone, item=entity(1, "true", None))[0]
    assert not any(
        "op" in line for line in lines_of("1", tombstone=tombstone, item=entity(1, "x", 4, deleted=True))
    )


def test_the_tombstone_of_an_erased_key_stays_and_its_item_is_not_restored() -> None:
    tombstone = {"_version": ABOVE_ALL, "_tie": ERASED}

    assert lines_of("1", tombstone=tombstone, item=entity(1, "sent again", 5)) == []
    assert [line["op"] for line in lines_of("1", rows=[{"version": 5, "tie": "a"}], tombstone=tombstone)] == [
        "retract"
    ]


def test_every_copy_of_a_row_is_retracted() -> None:
    rows = [{"version": 1, "tie": "a"}, {"version": 2, "tie": "b"}]

    assert [line["version"] for line in lines_of("1", rows=rows)] == [1, 2]


# --- restored tables ---------------------------------------------------------------------------------------


def test_repairs_of_a_key_are_in_one_object_named_by_the_comparison(parity: ParityFixture) -> None:
    parity.put(*(entity(number, "true", 2) for number in range(50)))
    parity.merge(*(entity(number, "false", 2) for number in range(50)))

    certificate = parity.certify(repair=True)

    assert certificate.repaired == 50
    objects = parity.repair_objects()
    keys = [
        {line.get("key") or line["dynamodb"]["Keys"]["_key"]["S"] for line in some}
        for some in objects.values()
    ]
    assert sum(map(len, keys)) == len(set().union(*keys)) == 50
    at = f"{certificate.verified_through:%Y%m%dT%H%M%S.%fZ}"
    assert all(name.startswith(f"repairs/entities/{at}-") for name in objects)


def test_an_item_that_a_tombstone_outranks_is_restored(parity: ParityFixture) -> None:
    """Removed, then written again with an older version: the table has to show what DynamoDB holds."""
    parity.put(entity(1, "true", 4))
    parity.add_tombstone("1", 9)

    assert parity.certify(repair=True).keys.missing == ("1",)
    parity.merge_repairs()

    assert parity.certify().ok
    assert parity.spark.table(parity.lake.ops(TOMBSTONES)).count() == 0


def test_an_erased_key_that_its_source_sends_again_is_named_apart_and_stays_erased(
    parity: ParityFixture,
) -> None:
    parity.put(entity(1, "sent again", 5), entity(2, "lost", 5), entity(3, "sent again", None))
    for key in ("1", "3"):
        parity.add_tombstone(key, ABOVE_ALL, ERASED)
    boto3.client("s3").put_object(  # of an earlier version, or written by hand
        Bucket=parity.options.job.raw_bucket,
        Key="repairs/entities/old.jsonl.gz",
        Body=gzip.compress(
            json.dumps({"op": "retract", "key": "1", "version": ABOVE_ALL, "tie": ERASED}).encode()
        ),
    )

    certificate = parity.certify(repair=True)
    parity.merge_repairs()

    assert (certificate.keys.missing, certificate.keys.erased, certificate.repaired) == (
        ("2",),
        ("1", "3"),
        1,
    )
    assert not certificate.ok
    assert (parity.keys(), parity.certify().keys.erased) == (["2"], ("1", "3"))
    tombstones = parity.spark.table(parity.lake.ops(TOMBSTONES)).collect()
    assert sorted((row["key"], row["_version"], row["_tie"]) for row in tombstones) == [
        ("1", ABOVE_ALL, ERASED),
        ("3", ABOVE_ALL, ERASED),
    ]
    recorded = parity.spark.table(parity.lake.ops(PARITY_RESULTS)).select("erased", "ok").distinct().collect()
    assert [tuple(row) for row in recorded] == [(["1", "3"], False)]


DAMAGES = ("none", "delete", "alter", "age", "advance", "empty", "copy")


@pytest.mark.long
@settings(max_examples=EXAMPLES)
@given(
    st.lists(st.sampled_from(DAMAGES), min_size=5, max_size=40),
    st.lists(st.sampled_from(["never", "deleted"]), max_size=5),
    st.sets(st.integers(0, 39)),
)
def test_any_damage_is_named_exactly_and_repaired(
    small_data_spark: "SparkSession", damages: list[str], added: list[str], unstamped: set[int]
) -> None:
    parity = ParityFixture(small_data_spark, ENTITIES, f"repairs-{next(_COUNT)}")
    items = {n: entity(n, f"true {n}", None if n in unstamped else 10) for n in range(len(damages))}
    extras = [entity(100 + n, "extra", 5) for n in range(len(added))]
    parity.put(*items.values())
    parity.put(*(entity(100 + n, "", 7, deleted=True) for n, kind in enumerate(added) if kind == "deleted"))
    parity.merge(*items.values(), *extras, *(items[n] for n, kind in enumerate(damages) if kind == "copy"))
    for kind, change in {
        "alter": "name = 'altered'",
        "age": "name = 'of old', _version = _version - 1",
        "advance": "_version = _version + 1",
        "empty": "name = NULL",
    }.items():
        parity.sql(f"UPDATE {{table}} SET {change} WHERE id IN ({_these(damages, kind)})")
    parity.sql(f"DELETE FROM {{table}} WHERE id IN ({_these(damages, 'delete')})")

    certificate = parity.certify(repair=True)

    by_kind = {kind: {n for n, found in enumerate(damages) if found == kind} for kind in DAMAGES}
    differing = by_kind["alter"] | by_kind["age"] | by_kind["empty"] | by_kind["copy"]
    differing |= by_kind["advance"] - unstamped  # an item without a version can have any
    assert certificate.keys.missing == _keys(by_kind["delete"])
    assert certificate.keys.differing == _keys(differing)
    assert certificate.keys.extra == _keys({100 + n for n in range(len(added))})
    assert certificate.repaired == certificate.keys.drift
    if certificate.keys.drift:
        parity.merge_repairs()
        healed = parity.certify()
        assert healed.ok, healed
        assert healed.counts.rows == len(items)


def _these(damages: list[str], kind: str) -> str:
    return ", ".join(["-1", *(str(n) for n, found in enumerate(damages) if found == kind)])


def _keys(numbers: set[int]) -> tuple[str, ...]:
    return tuple(sorted(map(str, numbers)))
