"""Stream records become changes with their place in the order, whoever wrote the item and however it went."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from expectations.contract import Contract
from expectations.timestamps import micros_of
from jobs.doors.stream import parse_stream
from tests.jobs.builders import ENTITIES, EVENTS, EVERY_TYPE, SENT, entity, event, received, record
from tests.jobs.histories import COUNTED

if TYPE_CHECKING:
    from pyspark.sql import Row, SparkSession

pytestmark = pytest.mark.usefixtures("small_data_spark")
MONDAY, TUESDAY = datetime(2026, 1, 5, 10, tzinfo=UTC), datetime(2026, 1, 6, 10, tzinfo=UTC)
DELETED = {"_deleted": {"BOOL": True}, "_expires_at": {"N": "1"}}


def parse(spark: "SparkSession", contract: Contract, *records: Any) -> list["Row"]:
    return parse_stream(received(spark, records), contract).orderBy("row_number").collect()


def positions(spark: "SparkSession", *records: Any) -> list[tuple[str, int, str]]:
    rows = parse(spark, ENTITIES, *records)
    assert [row["reasons"] for row in rows] == [[] for _ in records]
    return [(row["_op"], row["_version"], row["_tie"].lstrip("0")) for row in rows]


def test_a_record_carries_item_version_sequence_number_and_the_id_of_its_cause(spark: "SparkSession") -> None:
    item = event("a", 1, MONDAY, version=micros_of(TUESDAY), amount="1.10") | {"_event_id": {"S": "cause"}}

    (row,) = parse(spark, EVENTS, record("INSERT", "a,1", new=item, number=7))

    assert (row["_op"], row["_version"], row["_tie"]) == ("upsert", micros_of(TUESDAY), "7".zfill(40))
    assert (row["_source"], row["_event_id"], row["_updated_at"].astimezone(UTC)) == ("stream", "cause", SENT)
    assert (row["shop"], row["number"], row["amount"], row["reasons"]) == ("a", 1, Decimal("1.10"), [])


def test_versions_order_what_the_api_wrote_and_the_clock_what_others_did(spark: "SparkSession") -> None:
    assert positions(
        spark,
        record("INSERT", "1", new=entity(1, version=5), number=1),
        record("MODIFY", "1", old=entity(1, version=5), new=entity(1, version=6), number=2),
        # A writer that stamps nothing: the stream's clock, though never before the state it replaced.
        record("MODIFY", "1", old=entity(1, version=6), new=entity(1), number=3),
        record("MODIFY", "1", old=entity(1, version=2**60), new=entity(1), number=4),
        record("MODIFY", "1", old=entity(1, version=9), new=entity(1, version=8), number=5),
    ) == [
        ("upsert", 5, "1"),
        ("upsert", 6, "2"),
        ("upsert", micros_of(SENT), "3"),
        ("upsert", 2**60, "4"),
        ("upsert", 9, "5"),
    ]


def test_a_sequence_column_orders_items_without_a_stamp(spark: "SparkSession") -> None:
    item = event("a", 1, MONDAY, version=micros_of(TUESDAY))
    del item["_version"]

    (row,) = parse(spark, EVENTS, record("INSERT", "a,1", new=item))

    assert row["_version"] == micros_of(TUESDAY)


def test_where_versions_count_a_removal_is_the_next_one(spark: "SparkSession") -> None:
    greatest = 2**63 - 1
    old = [stock(1, 5), stock(1, 5) | {"_version": {"N": "6"}}, stock(1, greatest)]

    rows = parse(spark, COUNTED, *(record("REMOVE", "1", old=item) for item in old))

    assert [(row["_op"], row["_version"], row["reasons"]) for row in rows] == [
        ("delete", 6, []),
        ("delete", 7, []),
        ("delete", greatest, []),
    ]


def test_where_versions_count_no_clock_stands_in_for_a_missing_one(spark: "SparkSession") -> None:
    (replaced, *refused) = parse(
        spark,
        COUNTED,
        record("MODIFY", "1", old=stock(1, 5), new=stock(1)),
        record("INSERT", "1", new=stock(1)),
        record("REMOVE", "1", old=stock(1)),
        record("REMOVE", "1"),
    )

    assert (replaced["_version"], replaced["reasons"]) == (5, [])
    for row in refused:
        (reason,) = row["reasons"]
        assert reason.startswith(
            "version: column revision: expected a value in the item or in the one it replaced"
        )


def stock(number: int, revision: int | None = None) -> dict[str, Any]:
    """An item of `COUNTED`, as a writer that is not the Data API leaves it."""
    item: dict[str, Any] = {"_key": {"S": str(number)}, "id": {"N": str(number)}}
    return item if revision is None else item | {"revision": {"N": str(revision)}}


def test_a_mark_is_a_delete_and_so_is_a_removal_behind_what_it_removed(spark: "SparkSession") -> None:
    late = 2**60
    assert positions(
        spark,
        record("MODIFY", "1", old=entity(1, version=5), new=entity(1, version=6) | DELETED, number=1),
        record("REMOVE", "1", old=entity(1, version=5), number=2),
        record("REMOVE", "1", old=entity(1, version=late), number=3),
        record("REMOVE", "1", number=4),
    ) == [
        ("delete", 6, "1"),
        ("delete", micros_of(SENT), "2"),
        ("delete", late + 1, "3"),
        ("delete", micros_of(SENT), "4"),
    ]


def test_removing_what_was_deleted_says_no_more_than_the_mark_said(spark: "SparkSession") -> None:
    assert positions(spark, record("REMOVE", "1", old=entity(1, version=6) | DELETED, number=9)) == [
        ("delete", 6, "")
    ]


def test_a_removal_without_image_takes_its_key_from_the_key_text(spark: "SparkSession") -> None:
    (row,) = parse(spark, EVENTS, record("REMOVE", "a%2Cb,1"))

    assert (row["shop"], row["number"], row["reasons"]) == ("a,b", 1, [])


def test_a_delete_is_asked_for_its_key_only(spark: "SparkSession") -> None:
    old = entity(1, version=5) | {"colour": {"S": "red"}, "name": {"M": {}}}

    (row,) = parse(spark, ENTITIES, record("REMOVE", "1", old=old))

    assert (row["_op"], row["id"], row["reasons"]) == ("delete", 1, [])


def test_a_record_is_told_everything_that_is_wrong_with_it(spark: "SparkSession") -> None:
    item = event("a", 1, MONDAY, version=1, amount="1.105") | {
        "colour": {"S": "red"},
        "happened_at": {"N": "1"},
    }

    (row,) = parse(spark, EVENTS, record("INSERT", "a,2", new=item))

    assert row["reasons"] == [
        "unknown: expected the contract's columns, got also colour",
        "key: expected the key of the item's columns, 'a,1', got 'a,2'",
        'type: column happened_at: expected timestamp, got \'{"N":"1"}\'',
        'type: column amount: expected decimal(10,2), got \'{"N":"1.105"}\'',
    ]


def test_what_is_no_record_is_told_so(spark: "SparkSession") -> None:
    no_image = record("INSERT", "1")

    found = [row["reasons"] for row in parse(spark, ENTITIES, "{", '{"dynamodb": 5}', "{}", no_image)]

    assert found == [
        ["record: expected a DynamoDB stream record, got '{'"],
        ["record: expected a DynamoDB stream record, got '{\"dynamodb\": 5}'"],
        ["record: expected a DynamoDB stream record, got '{}'"],
        ["record: expected a NewImage, got none; the stream's view must have new images"],
    ]


def test_every_dynamodb_type_arrives_exactly_and_null_is_told_from_absent(spark: "SparkSession") -> None:
    digits = "-12345678901234567890.123456789012345678"
    item = {
        "id": {"S": "1"}, "_key": {"S": "1"}, "_version": {"N": "1"},
        "small": {"N": "1"}, "large": {"N": "9223372036854775807"}, "exact": {"N": digits},
        "ratio": {"N": "0.1"}, "is_new": {"BOOL": True}, "day": {"S": "2024-02-29"},
        "seen_at": {"S": "2024-02-29T12:00:00Z"}, "blob": {"B": "aGk="}, "state": {"NULL": True},
        "place": {"M": {"street": {"S": "A"}, "number": {"N": "1"}}},
        "sizes": {"NS": ["10", "9"]}, "tags": {"L": [{"S": "x"}, {"NULL": True}]},
    }  # fmt: skip

    (row, absent) = parse(
        spark,
        EVERY_TYPE,
        record("INSERT", "1", new=item),
        record("INSERT", "2", new={"id": {"S": "2"}, "_version": {"N": "1"}}),
    )

    assert (row["reasons"], row["exact"], row["large"]) == ([], Decimal(digits), 9223372036854775807)
    assert (row["place"]["number"], row["sizes"], row["tags"]) == (1, [9, 10], ["x", None])
    assert (row["blob"], row["ratio"], row["is_new"]) == (bytearray(b"hi"), 0.1, True)
    assert (row["state"], absent["state"]) == (None, "new")


def test_the_clock_of_a_record_may_have_fractions_or_be_missing(spark: "SparkSession") -> None:
    fraction = record("REMOVE", "1", at=SENT + timedelta(milliseconds=250))
    missing = record("REMOVE", "1")
    del missing["dynamodb"]["ApproximateCreationDateTime"]
    text = record("REMOVE", "1")
    text["dynamodb"]["ApproximateCreationDateTime"] = "2026-11-24T12:00:01Z"

    found = [row["_version"] - micros_of(SENT) for row in parse(spark, ENTITIES, fraction, missing, text)]

    assert found == [250_000, 0, 1_000_000]
