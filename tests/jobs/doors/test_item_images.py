"""Images of items become typed columns with the version of the item, or with a mark of what they are."""

from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from jobs.changes.projections import once_per_contract
from jobs.changes.types import ITEM
from jobs.doors.item_images import is_marked, stamp, typed_images
from tests.jobs.builders import ENTITIES, SENT, entity
from tests.jobs.histories import COUNTED

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from expectations.contract import Contract

_SCHEMA = f"""
    source_file string, row_number long, payload string, problem string, _event_id string, _time timestamp,
    _key string, _removed boolean, _new {ITEM}, _old {ITEM}
"""
ERASED = {"_key": {"S": "1"}, "_erased": {"BOOL": "true"}, "_deleted": {"BOOL": "true"}}


typed = once_per_contract(typed_images)


def captured(spark: "SparkSession", *images: tuple[Any, Any]) -> "DataFrame":
    """Captured rows of these old and new images, in DynamoDB's JSON."""
    rows = [
        ("s3://raw/file", number, "{}", None, "e", SENT, "1", new is None, new, old)
        for number, (old, new) in enumerate(images, 1)
    ]
    return spark.createDataFrame(rows, _SCHEMA)


def test_an_image_is_typed_and_the_old_one_stands_in_for_a_removed_item(
    small_data_spark: "SparkSession",
) -> None:
    old, new = entity(1, "Ann", version=5), entity(1, "Bob", version=6)

    rows = (
        typed(captured(small_data_spark, (old, new), (old, None)), ENTITIES).orderBy("row_number").collect()
    )

    assert [(row["_op"], row["name"], row["_new_version"], row["_old_version"]) for row in rows] == [
        ("upsert", "Bob", 6, 5),
        ("delete", "Ann", None, 5),
    ]


def test_a_mark_of_an_erased_key_is_not_an_item(small_data_spark: "SparkSession") -> None:
    old = entity(1, "Ann", version=5)

    marks = captured(small_data_spark, (None, ERASED), (old, ERASED))

    rows = typed(marks, ENTITIES).orderBy("row_number")

    assert [(row["_is_mark"], row["_op"], row["payload"]) for row in rows.collect()] == [
        (True, "delete", None),
        (False, "delete", "{}"),
    ]


def version_of(spark: "SparkSession", contract: "Contract", item: dict[str, Any]) -> int | None:
    [row] = captured(spark, (None, item)).select(stamp(contract, F.col("_new"))).collect()
    found: int | None = row[0]
    return found


def test_the_version_of_an_item_is_its_stamp_or_its_sequence_column_if_that_is_newer(
    small_data_spark: "SparkSession",
) -> None:
    item = {"id": {"N": "1"}, "revision": {"N": "7"}}

    assert version_of(small_data_spark, COUNTED, item) == 7
    assert version_of(small_data_spark, COUNTED, item | {"_version": {"N": "9"}}) == 9
    assert version_of(small_data_spark, ENTITIES, entity(1)) is None


def test_an_item_is_marked_as_deleted_only_by_a_true_mark(small_data_spark: "SparkSession") -> None:
    items = [{"_deleted": {"BOOL": "true"}}, {"_deleted": {"BOOL": "false"}}, {"id": {"N": "1"}}]
    rows = captured(small_data_spark, *((None, item) for item in items)).orderBy("row_number")

    assert [row[0] for row in rows.select(is_marked(F.col("_new"))).collect()] == [True, False, False]
