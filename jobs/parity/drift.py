"""Checks mismatches again: was a change in flight, or is the table wrong?

A mismatch holds what the item was at the comparison (`jobs.parity.compare.MISMATCH`). Since then the item and
the row may have changed, both in the order of versions. The table is right about a key if

* it shows what the item is now, or what the item was at the comparison: the table has caught up that far;
* it is newer than the item of the comparison, and not newer than the item now: the changes between the two
  are in flight;
* the row came from a drop, and is newer than all that DynamoDB holds or held of the key: the drop decides.

Anything else is drift, if no change in flight could explain it. The exception is an item of a key that was
erased: the table rightly does not show it.

So the caller first finds out what is in flight, then pins the tombstones, then the table, and reads the items
last: a row cannot be newer than an item that is read after it.
"""

from dataclasses import dataclass
from datetime import datetime

from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from expectations.contract import Contract
from jobs.lake.column_history import NO_HISTORY, ColumnHistory
from jobs.merging.fold import ERASURE
from jobs.parity.compare import is_same, is_true, one_row_per_key
from jobs.parity.states import item_states, row_states

EXPLAINED, MISSING, EXTRA, DIFFERING = "explained", "missing", "extra", "differing"
QUARANTINED = "quarantined"  # differs because `check` rejected the change (`jobs.parity.quarantined`)
ERASED_AGAIN = "erased"  # the key was erased, and its source has written an item of it since
_NO_VERSION = -(2**63)


@dataclass(frozen=True, slots=True)
class CurrentState:
    """What the platform holds of the mismatched keys now, in the order in which it has to be read."""

    tombstones: DataFrame  # key, _version, _tie
    table: DataFrame
    items: DataFrame  # `jobs.reading.received.RECEIVED`
    history: ColumnHistory = NO_HISTORY  # of the table's columns


def verdicts(mismatches: DataFrame, now: CurrentState, contract: Contract, at: datetime) -> DataFrame:
    """Judge each mismatch: explained, missing, extra, differing or erased.

    `at` is when the comparison began. Columns: key, verdict, and what a repair needs: positions (version, tie
    of each row of the key), tombstone (or null), item (its state, or null).
    """
    states = row_states(now.table, contract, now.history)
    rows = one_row_per_key(states.join(mismatches.select("key"), "key", "left_semi"))
    items = item_states(now.items, contract, now.history)
    tombstones = now.tombstones.select("key", F.struct("_version", "_tie").alias("tombstone"))
    known = (
        mismatches.select("key", F.struct("is_item", "is_live", "version", "content").alias("then"))
        .join(rows.select("key", F.struct(*rows.columns[1:]).alias("row")), "key", "left")
        .join(items.select("key", F.struct(*items.columns[1:]).alias("item")), "key", "left")
        .join(tombstones, "key", "left")
    )
    verdict = F.when(_is_right(at), EXPLAINED).otherwise(_kind_of_drift())
    return known.select("key", verdict.alias("verdict"), "row.positions", "tombstone", "item")


def _is_right(at: datetime) -> Expression:
    then, row, item = F.col("then"), F.col("row"), F.col("item")
    is_live, was_live = is_true(item["is_live"]), then["is_live"]
    is_without_row = row.isNull()
    is_now = is_live & is_true(is_same(row, item))
    is_gone = ~is_live & is_without_row
    is_of_then = was_live & is_true(is_same(row, then))
    was_gone = ~was_live & is_without_row  # the item was written again after the comparison
    return (
        is_now | is_gone | is_of_then | was_gone | _is_catching_up(at) | _is_written_again(at) | _is_of_drop()
    )


def _lowest_version(at: datetime) -> Expression:
    """The version of the item at the comparison: a row that has caught up is not older."""
    then = F.col("then")
    # A row of an item without a version has the time of its stream record, which is in whole seconds.
    before_scan = int(at.timestamp()) * 1_000_000 - 1
    unstamped = F.coalesce(then["version"], F.lit(before_scan))
    return F.when(then["is_item"], unstamped).otherwise(_NO_VERSION)


def _is_catching_up(at: datetime) -> Expression:
    """The row is newer than the item was, and older than the item is, or the item was just removed."""
    row, item = F.col("row"), F.col("item")
    is_behind_item = F.coalesce(row["version"] < item["version"], F.lit(True))
    is_possible = F.when(item.isNotNull(), is_behind_item).otherwise(F.col("then.is_item"))
    return is_true((row["copies"] == 1) & (row["version"] > _lowest_version(at)) & is_possible)


def _is_written_again(at: datetime) -> Expression:
    """A delete after the comparison removed the row, and the item that was written next is in flight."""
    tombstone, item = F.col("tombstone"), F.col("item")
    is_behind_item = F.coalesce(tombstone["_version"] < item["version"], F.lit(True))
    return is_true(
        F.col("row").isNull()
        & item["is_live"]
        & (tombstone["_version"] > _lowest_version(at))
        & is_behind_item
        & ~_is_of_erasure(tombstone)  # no change comes after an erasure
    )


def _is_of_erasure(tombstone: Expression) -> Expression:
    return is_true((tombstone["_version"] == ERASURE[0]) & (tombstone["_tie"] == ERASURE[1]))


def _is_of_drop() -> Expression:
    row, item, tombstone = F.col("row"), F.col("item"), F.col("tombstone")
    position = F.struct(tombstone["_version"], tombstone["_tie"])
    is_after_tombstone = F.coalesce(F.struct(row["version"], row["tie"]) > position, F.lit(True))
    is_newer = F.when(item.isNotNull(), row["version"] > item["version"]).otherwise(is_after_tombstone)
    return is_true(row["is_drop"] & (row["copies"] == 1) & is_newer)


def _kind_of_drift() -> Expression:
    is_live, is_without_row = is_true(F.col("item.is_live")), F.col("row").isNull()
    is_erased = _is_of_erasure(F.col("tombstone"))
    return (
        F.when(is_erased & is_without_row, ERASED_AGAIN)
        .when(is_erased | ~is_live, EXTRA)
        .when(is_without_row, MISSING)
        .otherwise(DIFFERING)
    )
