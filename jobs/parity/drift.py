"""Looks at suspects again: was a change on its way, or is the table wrong?

A suspect is what an item was at the comparison (`jobs.parity.compare.SUSPECT`). Since then the item and the
row may have moved on, both in the order of versions. The table is right about it if

* it shows what the item is now, or what the item was then: the table has come that far;
* it is past the item of then, and not ahead of the item now: what is in between is on its way;
* the row is a drop's, and newer than all that DynamoDB holds or held of the key: it is a drop's to say.

Anything else is drift, if nothing is on its way any more that could explain it; but for an item of a key that
was erased, which the table rightly does not show. So whoever asks first finds
out what is in flight, then fixes the tombstones, then the table, and reads the items last: a row can't be
ahead of an item that was read after it.
"""

from dataclasses import dataclass
from datetime import datetime

from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from expectations.contract import Contract
from jobs.lake.column_history import NO_HISTORY, ColumnHistory
from jobs.merging.fold import ERASURE
from jobs.parity.compare import is_same, item_states, one_row_per_key, row_states
from jobs.parity.dynamodb_scan import UNSTAMPED

FINE, MISSING, EXTRA, DIFFERING = "fine", "missing", "extra", "differing"
QUARANTINED = "quarantined"  # differs since `check` refused the change
ERASED_AGAIN = "erased"  # the key was erased, and its source has written an item of it since
_NO_VERSION = -(2**63)


@dataclass(frozen=True, slots=True)
class Now:
    """What is to be known of suspects now, in the order in which it has to be fixed."""

    tombstones: DataFrame  # key, _version, _tie
    table: DataFrame
    items: DataFrame  # `jobs.reading.receive.RECEIVED`
    history: ColumnHistory = NO_HISTORY  # of the table's columns


def verdicts(suspects: DataFrame, now: Now, contract: Contract, at: datetime) -> DataFrame:
    """A verdict on each suspect: fine | missing | extra | differing | erased.

    `at` is when the comparison began. Columns: key, verdict, and what a repair needs: `positions` (version,
    tie) of the rows there are, `grave` (the tombstone, or null), `item` (its state, or null).
    """
    states = row_states(now.table, contract, now.history)
    rows = one_row_per_key(states.join(suspects.select("key"), "key", "left_semi"))
    items = item_states(now.items, contract, now.history)
    known = (
        suspects.select("key", F.struct("is_item", "is_live", "version", "content").alias("then"))
        .join(rows.select("key", F.struct(*rows.columns[1:]).alias("row")), "key", "left")
        .join(items.select("key", F.struct(*items.columns[1:]).alias("item")), "key", "left")
        .join(now.tombstones.select("key", F.struct("_version", "_tie").alias("grave")), "key", "left")
    )
    verdict = F.when(_is_right(at), FINE).otherwise(_kind())
    return known.select("key", verdict.alias("verdict"), "row.positions", "grave", "item")


def _is_right(at: datetime) -> Expression:
    then, row, item = F.col("then"), F.col("row"), F.col("item")
    is_live, was_live = _or_false(item["is_live"]), then["is_live"]
    is_empty = row.isNull()
    is_now = is_live & _or_false(is_same(row, item))
    is_gone = ~is_live & is_empty
    is_of_then = was_live & _or_false(is_same(row, then))
    was_gone = ~was_live & is_empty  # the item came back after the comparison
    return is_now | is_gone | is_of_then | was_gone | _is_between(at) | _is_reborn(at) | _is_of_drop()


def _least(at: datetime) -> Expression:
    """The version of the item of then: no row that has come further may be older."""
    then = F.col("then")
    # An item without a version has that of its record, whose time has whole seconds.
    before_scan = int(at.timestamp()) * 1_000_000 - 1
    unstamped = F.coalesce(then["version"], F.lit(before_scan))
    return F.when(then["is_item"], unstamped).otherwise(_NO_VERSION)


def _is_between(at: datetime) -> Expression:
    """Past the item of then, and not ahead of the item now, unless that was removed just now."""
    row, item = F.col("row"), F.col("item")
    is_behind_item = F.coalesce(row["version"] < item["version"], F.lit(True))
    is_possible = F.when(item.isNotNull(), is_behind_item).otherwise(F.col("then.is_item"))
    return _or_false((row["copies"] == 1) & (row["version"] > _least(at)) & is_possible)


def _is_reborn(at: datetime) -> Expression:
    """No row, since a delete took it after the comparison; the item that came after that is on its way."""
    grave, item = F.col("grave"), F.col("item")
    is_behind_item = F.coalesce(grave["_version"] < item["version"], F.lit(True))
    return _or_false(
        F.col("row").isNull()
        & item["is_live"]
        & (grave["_version"] > _least(at))
        & is_behind_item
        & ~_is_of_erasure(grave)  # behind which nothing is on its way
    )


def _is_of_erasure(grave: Expression) -> Expression:
    return _or_false((grave["_version"] == ERASURE[0]) & (grave["_tie"] == ERASURE[1]))


def _is_of_drop() -> Expression:
    row, item, grave = F.col("row"), F.col("item"), F.col("grave")
    is_newer = F.when(item.isNotNull(), row["version"] > item["version"]).otherwise(
        F.coalesce(
            F.struct(row["version"], row["tie"]) > F.struct(grave["_version"], grave["_tie"]), F.lit(True)
        )
    )
    return _or_false(row["is_drop"] & (row["copies"] == 1) & is_newer)


def _kind() -> Expression:
    is_live, is_empty, grave = _or_false(F.col("item.is_live")), F.col("row").isNull(), F.col("grave")
    is_erased = _is_of_erasure(grave)
    return (
        F.when(is_erased & is_empty, ERASED_AGAIN)
        .when(is_erased | ~is_live, EXTRA)
        .when(is_empty, MISSING)
        .otherwise(DIFFERING)
    )


def mark_quarantined(
    judged: DataFrame, payloads: DataFrame, contract: Contract, history: ColumnHistory = NO_HISTORY
) -> DataFrame:
    """Turn the verdict on an item whose change `check` refused into `quarantined`.

    `payloads`: column payload, of the dataset's quarantined rows. A refused change is that of the item if it
    left the item as it is: the same content at the same version, by the same reading.
    """
    refused = _as_received(payloads).join(
        judged.select(F.col("key").alias("source_file")), "source_file", "semi"
    )
    changes = (
        item_states(refused, contract, history)
        .groupBy("key")
        .agg(F.collect_set(F.struct("is_live", "version", "content")).alias("refused"))
    )
    is_of_item = F.array_contains(
        "refused", F.struct("item.is_live", "item.version", "item.content")
    )  # equal structs: here null is null
    is_refused = _or_false(is_of_item & F.col("item").isNotNull()) | _or_false(F.col("item.is_refused"))
    kept = F.col("verdict")
    verdict = F.when(is_refused & (kept != ERASED_AGAIN), QUARANTINED).otherwise(kept)
    return judged.join(changes, "key", "left").withColumn("verdict", verdict).drop("refused")


def _as_received(payloads: DataFrame) -> DataFrame:
    """Payloads of the stream and of exports as `jobs.parity.dynamodb_scan` gives items."""
    payload = F.col("payload")
    image = _first_of(payload, "$.dynamodb.NewImage", "$.NewImage", "$.Item")
    key = _first_of(payload, "$.dynamodb.Keys._key.S", "$.Keys._key.S", "$.Item._key.S")
    record = F.concat(
        F.lit('{"eventName":"MODIFY","dynamodb":{"NewImage":'), image, F.lit(',"SequenceNumber":"0"}}')
    )
    nothing = F.lit(None)
    return payloads.select(
        key.alias("source_file"),
        F.timestamp_micros(F.lit(UNSTAMPED)).alias("event_time"),
        nothing.cast("long").alias("row_number"),
        record.alias("payload"),
        nothing.cast("string").alias("problem"),
    ).where(F.col("payload").isNotNull())


def _first_of(payload: Expression, *paths: str) -> Expression:
    return F.coalesce(*(F.get_json_object(payload, path) for path in paths))


def _or_false(condition: Expression) -> Expression:
    return F.coalesce(condition, F.lit(False))
