"""The stream door: a DynamoDB stream record -> a change.

An item's `_version` orders its changes (the Data API stamps it), or the sequence column if that is newer. A
writer that stamps nothing is ordered by the stream's clock, and never before the state it replaced. The
record's sequence number decides between equal versions.

An item marked `_deleted` is a delete. So is a REMOVE, at the removed item's version + 1 or the record's time,
whichever is later. A REMOVE of an item that was deleted already (by DynamoDB's TTL, mostly) says again what
the mark said, as a delete at the mark's version that loses ties: it changes nothing unless the mark is lost.
"""

from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from expectations.contract import Contract
from jobs.changes import (
    DELETE,
    UPSERT,
    collect_reasons,
    in_columns,
    key_reasons,
    movable_columns,
    moved_type,
    or_default,
    order_of,
    reason,
    shown,
    type_reasons,
    typed,
    unknown_reason,
)
from jobs.key_text import decode_key, encode_key
from jobs.values import ITEM, Read, read_attribute

TIE_DIGITS = 40  # sequence numbers have 21 to 40 digits, and sort by value only if all have as many
REPEATED_DELETE_TIE = ""
_CORRUPT = "_corrupt"
_RECORD = f"""
    eventID string, eventName string, {_CORRUPT} string,
    dynamodb struct<
        ApproximateCreationDateTime: string, SequenceNumber: string,
        Keys: {ITEM}, NewImage: {ITEM}, OldImage: {ITEM}
    >
"""
_NO_IMAGE = "record: expected a NewImage, got none; the stream's view must be NEW_AND_OLD_IMAGES"
_CARRIED = (
    "source_file", "row_number", "payload", "problem",
    "_event_id", "_sequence_number", "_time", "_key", "_op", "_removed", "_new", "_old", "_image",
)  # fmt: skip


def parse_stream(received: DataFrame, contract: Contract) -> DataFrame:
    """Received rows (`jobs.doors.RECEIVED`) as parsed rows (`jobs.changes`)."""
    image = F.col("_image")
    reads = {
        column.name: or_default(
            column, read_attribute(column, image[column.name]), image[column.name].isNull()
        )
        for column in contract.columns
    }
    rows = typed(_with_record(received), contract, reads | _key_reads(contract, reads), *_CARRIED)
    repeated = F.col("_removed") & _is_marked(F.col("_old"))
    parsed = rows.withColumns(
        {"_new_version": _stamp(contract, F.col("_new")), "_old_version": _stamp(contract, F.col("_old"))}
    ).withColumns(
        {
            "_version": F.when(repeated, F.col("_old_version")).otherwise(_version()),
            "_tie": F.when(repeated, REPEATED_DELETE_TIE).otherwise(
                F.lpad("_sequence_number", TIE_DIGITS, "0")
            ),
            "_source": F.lit("stream"),
            "_updated_at": F.col("_time"),
            "_moved_from": _moved_from(contract),
            "reasons": _reasons(contract),
        }
    )
    return in_columns(parsed, contract)


def _with_record(received: DataFrame) -> DataFrame:
    """With the parts of the record."""
    record = F.from_json("payload", _RECORD, {"columnNameOfCorruptRecord": _CORRUPT})
    seconds = F.col("_record.dynamodb.ApproximateCreationDateTime")
    micros = (seconds.try_cast("decimal(20,6)") * 1_000_000).cast("bigint")
    removed = F.coalesce(F.col("_record.eventName") == "REMOVE", F.lit(False))
    written_by = F.when(~F.col("_removed"), F.col("_new")["_event_id"]["S"])
    row = F.concat_ws("#", "source_file", "row_number")
    return (
        received.withColumn("_record", record)
        .select(
            *("source_file", "row_number", "payload", "problem", "_record"),
            F.coalesce(F.timestamp_micros(micros), seconds.try_cast("timestamp"), "event_time").alias(
                "_time"
            ),
            # A record that Spark could read in part only is as good as none.
            F.when(F.col(f"_record.{_CORRUPT}").isNull(), F.col("_record.dynamodb.SequenceNumber")).alias(
                "_sequence_number"
            ),
            F.col("_record.dynamodb.Keys")["_key"]["S"].alias("_key"),
            removed.alias("_removed"),
            F.when(~removed, F.col("_record.dynamodb.NewImage")).alias("_new"),
            F.col("_record.dynamodb.OldImage").alias("_old"),
        )
        .withColumns(
            {
                "_op": F.when(F.col("_removed") | _is_marked(F.col("_new")), DELETE).otherwise(UPSERT),
                "_image": F.coalesce("_new", "_old"),
                "_event_id": F.coalesce(written_by, F.col("_record.eventID"), row),
            }
        )
    )


def _is_marked(image: Expression) -> Expression:
    return F.coalesce(image["_deleted"]["BOOL"] == "true", F.lit(False))


def _stamp(contract: Contract, image: Expression) -> Expression:
    """The version an image carries; null if its writer stamped none."""
    stamped = image["_version"]["N"].try_cast("bigint")
    if contract.sequence_column is None:
        return stamped
    column = contract.column(contract.sequence_column)
    return F.greatest(stamped, order_of(column, read_attribute(column, image[column.name]).value))


def _version() -> Expression:
    time, new, old = F.unix_micros("_time"), F.col("_new_version"), F.col("_old_version")
    upserted = F.greatest(F.coalesce(new, time), old)
    return F.when(F.col("_removed"), F.greatest(old + 1, time)).otherwise(upserted)


def _key_reads(contract: Contract, reads: dict[str, Read]) -> dict[str, Read]:
    """The key columns of the image; those of `Keys` where a record has no image."""
    decoded = decode_key(contract, F.col("_key"))
    has_image = F.col("_image").isNotNull()
    return {
        name: Read(
            F.when(has_image, reads[name].value).otherwise(decoded[name].value),
            F.when(has_image, reads[name].wrong).otherwise(decoded[name].wrong),
        )
        for name in contract.key
    }


def _moved_from(contract: Contract) -> Expression:
    """The partition columns of the old image, where the new one has others."""
    movable = movable_columns(contract)
    if not movable:
        return F.lit(None).cast(moved_type(contract))
    old = {column.name: read_attribute(column, F.col("_old")[column.name]).value for column in movable}
    differs = F.lit(False)
    for name, value in old.items():
        differs = differs | ~value.eqNullSafe(F.col(name))
    moved = (F.col("_op") == UPSERT) & F.col("_old").isNotNull() & ~_is_marked(F.col("_old")) & differs
    return F.when(moved, F.struct(*(value.alias(name) for name, value in old.items())))


def _reasons(contract: Contract) -> Expression:
    new, key = F.col("_new"), F.col("_key")
    names = F.filter(F.map_keys(new), lambda name: ~F.startswith(name, F.lit("_")))
    unknown = F.array_except(names, F.array(*(F.lit(column.name) for column in contract.columns)))
    written = encode_key(contract)
    other_key = "key: expected the key of the item's columns, "
    given = {column.name: F.to_json(F.col("_image")[column.name]) for column in contract.columns}
    of_values = collect_reasons(
        [
            unknown_reason(unknown),
            *key_reasons(contract),
            reason(key != written, other_key, shown(written), ", got ", shown(key)),
            *type_reasons(contract, given),
        ]
    )
    no_record = F.concat(F.lit("record: expected a DynamoDB stream record, got "), shown(F.col("payload")))
    return (
        F.when(F.col("problem").isNotNull(), F.array("problem"))
        .when(F.col("_sequence_number").isNull(), F.array(no_record))
        .when(~F.col("_removed") & new.isNull(), F.array(F.lit(_NO_IMAGE)))
        .otherwise(of_values)
    )
