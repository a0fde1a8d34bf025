"""Lines of exports become changes: full ones say how items are, incremental ones what a window came to."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from expectations.timestamps import micros_of
from jobs.changes.columns import accepted_changes
from jobs.changes.reasons import ERASED_REASON
from jobs.doors.export import MARGIN_MICROS, parse_export
from tests.jobs.builders import ENTITIES, EVENTS, SENT, entity, event, received
from tests.jobs.histories import COUNTED

if TYPE_CHECKING:
    from pyspark.sql import Row, SparkSession

    from expectations.contract import Contract

pytestmark = pytest.mark.usefixtures("small_data_spark")
DELETED = {"_deleted": {"BOOL": True}, "_expires_at": {"N": "1"}}
WRITTEN = micros_of(SENT) - 123


def parse(spark: "SparkSession", contract: "Contract", *lines: Any, at: datetime = SENT) -> list["Row"]:
    frame = received(spark, lines, event_time=at)
    return parse_export(frame, contract).orderBy("row_number").collect()


def line(old: Any = None, new: Any = None, *, written: Any = None) -> dict[str, Any]:
    """A line of an incremental export."""
    images = {"OldImage": old, "NewImage": new}
    return {
        "Metadata": {"WriteTimestampMicros": {"N": str(WRITTEN)} if written is None else written},
        "Keys": {"_key": {"S": "1"}},
        **{name: image for name, image in images.items() if image is not None},
    }


def test_the_mark_of_an_erased_key_is_no_item(spark: "SparkSession") -> None:
    mark = {"_key": {"S": "1"}, "_version": {"N": str(2**63 - 1)}, **DELETED, "_erased": {"BOOL": True}}
    lines = [{"Item": mark}, line(new=mark), line(old=mark), line(old=entity(1, "Ann", version=5), new=mark)]

    *marks, replaced = parse(spark, ENTITIES, *lines)

    assert [(row["reasons"], row["payload"]) for row in marks] == [([ERASED_REASON], None)] * 3
    assert positions([replaced]) == [("delete", WRITTEN)]


def positions(rows: list["Row"]) -> list[tuple[str, int]]:
    assert [row["reasons"] for row in rows] == [[] for _ in rows]
    return [(row["_op"], row["_version"]) for row in rows]


def test_an_item_is_what_it_is_at_its_version_or_some_minutes_before_the_export(
    spark: "SparkSession",
) -> None:
    rows = parse(
        spark,
        ENTITIES,
        {"Item": entity(1, "a", version=7)},
        {"Item": entity(2, "b", version=8) | DELETED},
        {"Item": entity(3, "c")},
    )

    assert positions(rows) == [("upsert", 7), ("delete", 8), ("upsert", micros_of(SENT) - MARGIN_MICROS)]
    assert [(row["id"], row["name"], row["_source"]) for row in rows] == [
        (1, "a", "export"),
        (2, "b", "export"),
        (3, "c", "export"),
    ]


def test_two_exports_of_an_item_that_did_not_change_are_one_change(spark: "SparkSession") -> None:
    item = {"Item": event("a", 1, SENT, version=micros_of(SENT), amount="1")}

    (first,) = parse(spark, EVENTS, item)
    (second,) = parse(spark, EVENTS, item, at=SENT + timedelta(days=1))

    assert first["_updated_at"].astimezone(UTC) == SENT
    assert [second[name] for name in ("_version", "_tie", "_updated_at")] == [
        first[name] for name in ("_version", "_tie", "_updated_at")
    ]


def test_a_line_of_a_window_is_an_upsert_or_a_delete_in_both_views(spark: "SparkSession") -> None:
    old, new = entity(1, "a", version=5), entity(1, "b", version=6)
    rows = parse(
        spark,
        ENTITIES,
        line(new=new),
        line(old, new),
        line(old, entity(1, "b")),
        line(entity(1, "a", version=2**60), entity(1, "b")),
        line(),
        line(old),
        line(entity(1, "a", version=2**60)),
        line(old | DELETED),
        line(old, new | DELETED),
    )

    assert positions(rows) == [
        ("upsert", 6),
        ("upsert", 6),
        ("upsert", WRITTEN),
        ("upsert", 2**60),
        ("delete", WRITTEN),
        ("delete", WRITTEN),
        ("delete", 2**60 + 1),
        ("delete", 5),  # what the mark said already, losing ties
        ("delete", 6),
    ]
    assert [row["_tie"] == "" for row in rows] == [False] * 7 + [True, False]
    assert rows[4]["id"] == 1  # of the key text


def test_where_versions_count_a_line_without_one_is_refused_and_a_removal_is_the_next(
    spark: "SparkSession",
) -> None:
    def stock(**revision: str) -> dict[str, Any]:
        return {
            "_key": {"S": "1"},
            "id": {"N": "1"},
            **{name: {"N": text} for name, text in revision.items()},
        }

    lines = [line(stock(revision="5")), line(stock(revision="5"), stock()), {"Item": stock(revision="7")}]
    rows = parse(spark, COUNTED, *lines, {"Item": stock()}, line(), line(new=stock()))

    assert positions(rows[:3]) == [("delete", 6), ("upsert", 5), ("upsert", 7)]
    assert [row["reasons"][0].partition(":")[0] for row in rows[3:]] == ["version"] * 3


def test_the_time_of_a_write_comes_in_several_spellings(spark: "SparkSession") -> None:
    spellings: list[Any] = [{"N": "12"}, "12", 12]

    rows = parse(spark, ENTITIES, *(line(new=entity(1), written=one) for one in spellings))

    found = [(row["_version"], micros_of(row["_updated_at"].astimezone(UTC))) for row in rows]
    assert found == [(12, 12)] * 3


def test_what_is_no_line_of_an_export_is_told_so(spark: "SparkSession") -> None:
    rows = parse(spark, ENTITIES, "no json", {"other": 1}, {"Keys": {"_key": {"S": "1"}}})

    assert [row["reasons"][0].partition(", got")[0] for row in rows] == [
        "record: expected a line of a DynamoDB export"
    ] * 3


def test_a_change_says_which_columns_its_item_did_not_have(spark: "SparkSession") -> None:
    items = [{"Item": entity(1)}, {"Item": entity(2) | {"name": {"NULL": True}}}, {"Item": entity(3, "c")}]
    changes = accepted_changes(parse_export(received(spark, items), ENTITIES), ENTITIES)

    rows = changes.orderBy("id").select("name", "_absent").collect()

    assert [tuple(row) for row in rows] == [(None, ["name"]), (None, None), ("c", None)]
