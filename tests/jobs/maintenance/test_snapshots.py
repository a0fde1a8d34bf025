"""Which snapshots expire, and that those which certificates and unfinished batches need are kept."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from jobs.lake.commits import BATCH_ID, find_commit
from jobs.lake.iceberg import Snapshot, current_table, snapshots
from jobs.lake.names import BATCHES, Lake
from jobs.maintenance.snapshots import CLOCK_SKEW, NEWEST, expirable, expire, may_have_orphans, remove_orphans
from tests.jobs.builders import SENT

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.usefixtures("small_data_spark")
HOUR = timedelta(hours=1)
FOUND = [Snapshot(id=number, at=SENT + number * HOUR) for number in range(20)]
NOTHING: tuple[int, ...] = ()


@pytest.mark.parametrize(
    ("until", "needed_since", "kept", "expired"),
    [
        (100, None, NOTHING, range(10)),  # the newest ten stay, whatever their age
        (4, None, NOTHING, range(4)),  # a snapshot of exactly that time is not older
        (0, None, NOTHING, ()),
        (100, 6, NOTHING, range(5)),  # the batch's clock may be an hour ahead
        (3, 6, NOTHING, range(3)),
        (100, None, (2, 5, 99), (0, 1, 3, 4, 6, 7, 8, 9)),
    ],
)
def test_a_snapshot_expires_if_it_is_old_and_not_needed(
    until: int, needed_since: int | None, kept: tuple[int, ...], expired: range | tuple[int, ...]
) -> None:
    since = None if needed_since is None else SENT + needed_since * HOUR

    assert expirable(FOUND, SENT + until * HOUR, since, kept) == list(expired)


def test_a_table_with_few_snapshots_keeps_them_all() -> None:
    assert expirable(FOUND[:NEWEST], SENT + 100 * HOUR, None, ()) == []


NEW, OLD = timedelta(hours=23), timedelta(days=2)


@pytest.mark.parametrize(
    ("age", "searched", "due"),
    [
        (None, None, False),  # an empty table
        (NEW, None, False),
        (OLD, None, True),
        (OLD, timedelta(days=6), False),
        (OLD, timedelta(days=7), True),
    ],
)
def test_orphans_are_searched_once_a_week_and_not_in_new_tables(
    age: timedelta | None, searched: timedelta | None, due: bool
) -> None:
    assert may_have_orphans(None if age is None else SENT - age, SENT, searched) is due


@pytest.fixture
def table(lake: Lake) -> str:
    return lake.ops(BATCHES)


def commit(spark: "SparkSession", table: str, batch_id: str | None = None) -> None:
    """A snapshot that adds nothing."""
    append: Any = current_table(spark, table).newAppend()
    if batch_id is not None:
        append = append.set(BATCH_ID, batch_id)
    append.commit()


def test_all_snapshots_expire_that_certificates_unfinished_batches_and_tags_do_not_need(
    spark: "SparkSession", table: str
) -> None:
    spark.sql(f"INSERT INTO {table} (batch_id) VALUES ('certified')")
    spark.sql(f"DELETE FROM {table}")
    for _ in range(4):
        commit(spark, table)
    commit(spark, table, "unfinished")
    for _ in range(NEWEST):
        commit(spark, table)
    before = snapshots(spark, table)
    certified, tagged, begun = before[0].id, before[3].id, before[6].at
    spark.sql(f"ALTER TABLE {table} CREATE TAG tagged AS OF VERSION {tagged}")

    done = list(expire(spark, table, datetime.now(UTC), begun + CLOCK_SKEW, {certified}))

    left = [snapshot.id for snapshot in snapshots(spark, table)]
    assert [one.removed for one in done] == [4]
    assert left == [certified, tagged, *(snapshot.id for snapshot in before[6:])]
    assert find_commit(spark, table, "unfinished", begun) is not None
    was = spark.read.option("versionAsOf", certified).table(table)
    assert [row["batch_id"] for row in was.collect()] == ["certified"]
    assert list(expire(spark, table, datetime.now(UTC), begun + CLOCK_SKEW, {certified})) == []


def test_files_that_no_snapshot_refers_to_are_removed_when_no_job_can_be_writing_them(
    spark: "SparkSession", table: str
) -> None:
    spark.sql(f"INSERT INTO {table} (batch_id) VALUES ('b')")
    (path,) = (row[0] for row in spark.sql(f"SELECT file_path FROM {table}.files").collect())
    folder = Path(path).parent
    old, new, beside = folder / "old.parquet", folder / "new.parquet", folder.parent.parent / "batches_2"
    beside.mkdir()
    for orphan in (old, new, beside / "other.parquet"):
        orphan.write_text("")
    for orphan in (old, beside / "other.parquet", Path(path)):
        os.utime(orphan, (0, 0))

    assert remove_orphans(spark, table, datetime.now(UTC)).removed == 1

    assert (old.exists(), new.exists()) == (False, True)
    assert (
        beside / "other.parquet"
    ).exists()  # a table whose name has this one as a prefix has its own folder
    assert spark.table(table).count() == 1
