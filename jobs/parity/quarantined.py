"""Finds the mismatches that `check` has caused by rejecting a change: they are no drift.

The table keeps what was there before the change, with its reasons in quarantine. A repair would be rejected
for the same reasons.
"""

from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from expectations.contract import Contract
from jobs.lake.column_history import NO_HISTORY, ColumnHistory
from jobs.parity.compare import is_true
from jobs.parity.drift import ERASED_AGAIN, QUARANTINED
from jobs.parity.dynamodb_scan import UNSTAMPED
from jobs.parity.states import item_states


def mark_quarantined(
    judged: DataFrame, payloads: DataFrame, contract: Contract, history: ColumnHistory = NO_HISTORY
) -> DataFrame:
    """Change the verdict on each item whose change was rejected to `quarantined`.

    `judged` has the columns of `jobs.parity.drift.verdicts`, and so has the result; `payloads` has the column
    payload, of the dataset's rows in quarantine. A rejected change is the change of the item if the item is
    what the change made it: the same content at the same version, read in the same way.
    """
    rejected = _as_received(payloads)
    if contract.table.is_own:  # else the key is known once the payload is read
        rejected = rejected.join(judged.select(F.col("key").alias("source_file")), "source_file", "semi")
    changes = (
        item_states(rejected, contract, history)
        .groupBy("key")
        .agg(F.collect_set(F.struct("is_live", "version", "content")).alias("rejected"))
    )
    item = F.struct("item.is_live", "item.version", "item.content")
    is_of_item = F.array_contains("rejected", item)  # which compares structs, and null fields as equal
    is_rejected = is_true(is_of_item & F.col("item").isNotNull()) | is_true(F.col("item.is_rejected"))
    kept = F.col("verdict")
    verdict = F.when(is_rejected & (kept != ERASED_AGAIN), QUARANTINED).otherwise(kept)
    return judged.join(changes, "key", "left").withColumn("verdict", verdict).drop("rejected")


def _as_received(payloads: DataFrame) -> DataFrame:
    """Payloads of the stream and of exports in the form of `jobs.parity.dynamodb_scan`."""
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
