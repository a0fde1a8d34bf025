"""Items of existing tables become changes: by their own keys and attributes, in the order of their stream."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from pyspark.sql import functions as F

from expectations.timestamps import micros_of
from jobs.doors.existing_items import time_of_window
from jobs.doors.export import MARGIN_MICROS, parse_export
from jobs.doors.stream import parse_stream
from tests.jobs.builders import SENT, received
from tests.jobs.existing_histories import BLOBS, LEDGER, PROFILES, TICKETS, TTL

if TYPE_CHECKING:
    from pyspark.sql import Row, SparkSession

pytestmark = pytest.mark.usefixtures("small_data_spark")
KEY: dict[str, Any] = {"Account": {"S": " a"}, "Entry": {"N": "1.5"}}
ITEM: dict[str, Any] = KEY | {
    "where": {"L": [{"M": {"place": {"S": "p1"}}}, {"S": "other"}]},
    "detail": {"M": {"the.name": {"S": "x"}, "more": {"M": {}}}},
    "_version": {"N": "999"},
    "_deleted": {"BOOL": True},
    "_erased": {"BOOL": True},
}
SECOND = 1_000_000
NOW = micros_of(SENT)


def record(name: str, number: int = 1, seconds: float = 0, **images: Any) -> dict[str, Any]:
    at = (SENT + timedelta(seconds=seconds)).timestamp()
    content = {"ApproximateCreationDateTime": at, "Keys": KEY, "SequenceNumber": str(number), **images}
    return {"eventID": f"e{number}", "eventName": name, "dynamodb": content}


def of_stream(spark: "SparkSession", *records: Any) -> list["Row"]:
    return parse_stream(received(spark, records), LEDGER).orderBy("row_number").collect()


def of_export(spark: "SparkSession", *lines: Any) -> list["Row"]:
    return parse_export(received(spark, lines), LEDGER).orderBy("row_number").collect()


def cells(row: "Row") -> tuple[Any, ...]:
    return row["account"], str(row["entry"]), row["place"], row["name"]


def test_attributes_come_by_their_paths_and_look_like_nothing_of_glueline(
    spark: "SparkSession",
) -> None:
    (row,) = of_stream(spark, record("INSERT", 7, NewImage=ITEM))

    assert cells(row) == (" a", "1.50", "p1", "x")
    assert (row["_op"], row["_version"], row["_tie"]) == ("upsert", NOW, "7".zfill(40))
    assert (row["_event_id"], row["_source"], row["reasons"]) == ("e7", "stream", [])


def test_what_is_not_at_its_path_is_null(spark: "SparkSession") -> None:
    others = [
        KEY,
        KEY | {"where": {"L": []}, "detail": {"M": {}}},
        KEY | {"where": {"S": "x"}, "detail": {"NULL": True}},
        KEY | {"where": {"L": [{"S": "x"}]}, "detail": {"L": [{"S": "x"}]}},
    ]

    rows = of_stream(spark, *(record("INSERT", NewImage=item) for item in others))

    assert {cells(row) for row in rows} == {(" a", "1.50", None, None)}
    assert all(row["reasons"] == [] for row in rows)


def test_a_removal_is_a_delete_of_the_key_with_or_without_the_old_image(
    spark: "SparkSession",
) -> None:
    removals = [
        record("REMOVE", 9, 0, **old) | by
        for old in ({}, {"OldImage": ITEM})
        for by in ({}, {"userIdentity": TTL})
    ]

    rows = of_stream(spark, *removals)

    assert [(row["_op"], row["_version"], row["_tie"], row["reasons"]) for row in rows] == [
        ("delete", NOW, "9".zfill(40), [])
    ] * 4
    assert {cells(row)[:2] for row in rows} == {(" a", "1.50")}


def test_within_a_second_the_sequence_number_orders_a_delete_and_what_is_created_after_it(
    spark: "SparkSession",
) -> None:
    rows = of_stream(
        spark,
        record("INSERT", 1, NewImage=ITEM),
        record("REMOVE", 2, OldImage=ITEM),
        record("INSERT", 10, NewImage=ITEM),
        record("MODIFY", 11, seconds=1, OldImage=ITEM, NewImage=ITEM),
    )

    positions = [(row["_version"], row["_tie"]) for row in rows]
    assert positions == sorted(positions)
    assert [row["_op"] for row in rows] == ["upsert", "delete", "upsert", "upsert"]


def test_another_type_than_the_contracts_is_a_reason(spark: "SparkSession") -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"Account": {"S": "a"}, "Entry": {"S": "1.5"}}, "type: column entry"),
        ({"Account": {"S": "a"}, "Entry": {"N": "1.555"}}, "type: column entry"),
        ({"Account": {"N": "1"}, "Entry": {"N": "1.5"}}, "type: column account"),
        ({"Entry": {"N": "1.5"}}, "key: column account"),
        (KEY | {"where": {"L": [{"M": {"place": {"N": "1"}}}]}}, "type: column place"),
    ]

    rows = of_stream(spark, *(record("INSERT", NewImage=item) for item, _ in cases))

    assert [[":".join(reason.split(":")[:2]) for reason in row["reasons"]] for row in rows] == [
        [rule] for _, rule in cases
    ]


def test_a_stream_without_new_images_is_a_reason(spark: "SparkSession") -> None:
    (row,) = of_stream(spark, record("MODIFY", OldImage=ITEM))

    assert row["reasons"] == ["record: expected a NewImage, got none; the stream's view must have new images"]


def test_a_full_export_is_older_than_every_record_since(spark: "SparkSession") -> None:
    (row,) = of_export(spark, {"Item": ITEM})

    assert cells(row) == (" a", "1.50", "p1", "x")
    assert (row["_op"], row["_version"], row["reasons"]) == ("upsert", NOW - MARGIN_MICROS, [])


def test_a_line_of_a_window_is_at_its_last_write(spark: "SparkSession") -> None:
    written = {"Metadata": {"WriteTimestampMicros": {"N": str(NOW - SECOND + 5)}}, "Keys": KEY}

    put, removed, bare = of_export(spark, written | {"NewImage": ITEM}, written | {"OldImage": ITEM}, written)

    assert [(row["_op"], row["_version"]) for row in (put, removed, bare)] == [
        ("upsert", NOW - SECOND + 5),
        ("delete", NOW - SECOND + 5),
        ("delete", NOW - SECOND + 5),
    ]
    assert {cells(row)[:2] for row in (put, removed, bare)} == {(" a", "1.50")}


def test_a_window_that_ends_within_a_second_is_below_the_records_of_that_second(
    spark: "SparkSession",
) -> None:
    cases = [  # written, end of the window, version
        (5, SECOND, 5),  # the last write of its second: above its records
        (0, SECOND, 0),
        (5, 10 * SECOND, 5),
        (5, SECOND - 1, 0),  # a later write may follow in this second
        (SECOND + 5, SECOND + 6, SECOND),
    ]
    rows = [(NOW + written, NOW + end, NOW + version) for written, end, version in cases]
    frame = spark.createDataFrame(rows, "written long, end long, version long")

    placed = frame.select(time_of_window(LEDGER, F.col("written"), F.col("end")), "version").collect()

    assert [found for found, _ in placed] == [version for _, version in placed]


def test_a_key_of_bytes_is_a_key(spark: "SparkSession") -> None:
    item = {"digest": {"B": "+/8="}, "_version": {"S": "name"}}
    line = record("INSERT", NewImage=item)
    line["dynamodb"]["Keys"] = {"digest": {"B": "+/8="}}

    (row,) = parse_stream(received(spark, [line]), BLOBS).collect()

    assert (bytes(row["digest"]), row["name"], row["reasons"]) == (b"\xfb\xff", "name", [])


TICKET: dict[str, Any] = {"pk": {"S": "CUSTOMER# a"}, "sk": {"S": "TICKET#1#LINE#2!"}}
MINE, OTHERS = ({**TICKET, "type": {"S": name}, "place": {"S": name}} for name in ("Ticket", "Other"))
WRITTEN = {"Metadata": {"WriteTimestampMicros": {"N": str(NOW)}}, "Keys": TICKET}


def test_a_full_export_has_the_items_of_the_dataset_alone_and_what_can_not_be_read(
    spark: "SparkSession",
) -> None:
    elsewhere = MINE | {"sk": {"S": "TICKET#1#LINE#2"}}
    lines: list[Any] = [
        {"Item": MINE},
        {"Item": OTHERS},
        {"Item": TICKET},
        {"Item": elsewhere},
        {"Unknown": 1},
    ]

    rows = parse_export(received(spark, lines), TICKETS).orderBy("row_number").collect()

    assert [(row["row_number"], row["_op"]) for row in rows] == [(1, "upsert"), (5, "delete")]
    assert (rows[0]["ticket"], rows[0]["line"], rows[0]["customer"]) == ("1", "2", " a")
    assert rows[0]["reasons"] == []
    assert rows[1]["reasons"][0].startswith("record: expected a line of a DynamoDB export")


def test_a_window_removes_what_it_ends_with_as_anothers_if_that_can_change(
    spark: "SparkSession",
) -> None:
    elsewhere = {"pk": TICKET["pk"], "sk": {"S": "NOTE#1"}}
    lines: list[Any] = [
        WRITTEN | {"OldImage": MINE, "NewImage": OTHERS},
        WRITTEN | {"OldImage": OTHERS, "NewImage": MINE},
        WRITTEN | {"NewImage": OTHERS},  # what it was within the window is not known
        WRITTEN,
        WRITTEN | {"Keys": elsewhere, "NewImage": elsewhere},
    ]

    rows = parse_export(received(spark, lines), TICKETS).orderBy("row_number").collect()

    assert [(row["row_number"], row["_op"]) for row in rows] == [
        (1, "delete"), (2, "upsert"), (3, "delete"), (4, "delete"),
    ]  # fmt: skip
    assert {(row["ticket"], row["line"], row["customer"]) for row in rows} == {("1", "2", " a")}
    assert [row["place"] for row in rows] == ["Ticket", "Ticket", None, None]
    assert all(row["reasons"] == [] for row in rows)


def test_an_item_of_another_form_than_its_records_had_is_a_reason(spark: "SparkSession") -> None:
    records = [
        record("INSERT", NewImage={"pk": {"S": "CUSTOMER|a"}, "sk": {"S": "PROFILE"}}),
        record("INSERT", NewImage={"pk": {"S": "CUSTOMER#a"}, "sk": {"S": "PROFILE"}}),
    ]

    rows = parse_stream(received(spark, records), PROFILES).orderBy("row_number").collect()

    assert [row["customer"] for row in rows] == ["a", None]
    assert [bool(row["reasons"]) for row in rows] == [False, True]
