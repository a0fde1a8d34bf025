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
    unknown_reason,
)
from jobs.key_text import decode_key, encode_key
from jobs.values import ITEM, Read, read_attribute

_CORRUPT = "_corrupt"
RECORD = f"""
    eventID string, eventName string, {_CORRUPT} string,
    dynamodb struct<
        ApproximateCreationDateTime: string, SequenceNumber: string,
        Keys: {ITEM}, NewImage: {ITEM}, OldImage: {ITEM}
    >
"""
TIE_DIGITS = 40  # sequence numbers have 21 to 40 digits, and sort by value only if all have as many
REPEATED_DELETE_TIE = ""
_NO_IMAGE = "record: expected a NewImage, got none; the stream's view must be NEW_AND_OLD_IMAGES"


def parse_stream(received: DataFrame, contract: Contract) -> DataFrame:
    """Received rows (`jobs.doors.RECEIVED`) as parsed rows (`jobs.changes`)."""
    rows = _with_record(received)
    new, old, op = F.col("_new"), F.col("_old"), F.col("_op")
    image = F.coalesce(new, old)
    reads = {column.name: read_attribute(column, image[column.name]) for column in contract.columns}
    key = _key_reads(contract, reads)
    given = {column.name: F.to_json(image[column.name]) for column in contract.columns}
    typed = {
        column.name: or_default(
            column, (reads | key)[column.name].value, (op == UPSERT) & image[column.name].isNull()
        )
        for column in contract.columns
    }
    repeated = F.col("_removed") & _is_marked(old)
    parsed = rows.select(
        "source_file",
        "row_number",
        "payload",
        *(value.alias(name) for name, value in typed.items()),
        "_op",
        F.when(repeated, _version_of(contract, old)).otherwise(_version(contract)).alias("_version"),
        F.when(repeated, REPEATED_DELETE_TIE).otherwise(_sequence_number()).alias("_tie"),
        F.lit("stream").alias("_source"),
        F.coalesce(
            F.when(~F.col("_removed"), new["_event_id"]["S"]),
            F.col("_record.eventID"),
            F.concat_ws("#", "source_file", "row_number"),
        ).alias("_event_id"),
        F.col("_time").alias("_updated_at"),
        _moved_from(contract, reads).alias("_moved_from"),
        _reasons(contract, reads, key, given).alias("reasons"),
    )
    return in_columns(parsed, contract)


def _with_record(received: DataFrame) -> DataFrame:
    """With the parsed record and what is asked of it often."""
    record = F.from_json("payload", RECORD, {"columnNameOfCorruptRecord": _CORRUPT})
    seconds = F.col("_record.dynamodb.ApproximateCreationDateTime")
    micros = (seconds.try_cast("decimal(20,6)") * 1_000_000).cast("bigint")
    removed = F.coalesce(F.col("_record.eventName") == "REMOVE", F.lit(False))
    return (
        received.withColumn("_record", record)
        .withColumns(
            {
                "_removed": removed,
                "_new": F.when(~removed, F.col("_record.dynamodb.NewImage")),
                "_old": F.col("_record.dynamodb.OldImage"),
                "_time": F.coalesce(
                    F.timestamp_micros(micros), seconds.try_cast("timestamp"), F.col("event_time")
                ),
            }
        )
        .withColumn("_op", F.when(F.col("_removed") | _is_marked(F.col("_new")), DELETE).otherwise(UPSERT))
    )


def _is_marked(image: Expression) -> Expression:
    return F.coalesce(image["_deleted"]["BOOL"] == "true", F.lit(False))


def _sequence_number() -> Expression:
    return F.lpad(F.col("_record.dynamodb.SequenceNumber"), TIE_DIGITS, "0")


def _version_of(contract: Contract, image: Expression) -> Expression:
    """The version an image carries; null if its writer stamped none."""
    stamped = image["_version"]["N"].try_cast("bigint")
    if contract.sequence_column is None:
        return stamped
    column = contract.column(contract.sequence_column)
    return F.greatest(stamped, order_of(column, read_attribute(column, image[column.name]).value))


def _version(contract: Contract) -> Expression:
    time = F.unix_micros("_time")
    new, old = _version_of(contract, F.col("_new")), _version_of(contract, F.col("_old"))
    upserted = F.greatest(F.coalesce(new, time), old)
    return F.when(F.col("_removed"), F.greatest(old + 1, time)).otherwise(upserted)


def _key_reads(contract: Contract, reads: dict[str, Read]) -> dict[str, Read]:
    """The key columns of the image; those of `Keys` where a record has no image."""
    decoded = decode_key(contract, F.col("_record.dynamodb.Keys")["_key"]["S"])
    has_image = F.coalesce(F.col("_new"), F.col("_old")).isNotNull()
    return {
        name: Read(
            F.when(has_image, reads[name].value).otherwise(decoded[name].value),
            F.when(has_image, reads[name].wrong).otherwise(decoded[name].wrong),
        )
        for name in contract.key
    }


def _moved_from(contract: Contract, reads: dict[str, Read]) -> Expression:
    """The partition columns of the old image, where the new one has others."""
    movable = movable_columns(contract)
    if not movable:
        return F.lit(None).cast(moved_type(contract))
    old = {column.name: read_attribute(column, F.col("_old")[column.name]).value for column in movable}
    differs = F.lit(False)
    for name, value in old.items():
        differs = differs | ~value.eqNullSafe(reads[name].value)
    moved = (F.col("_op") == UPSERT) & F.col("_old").isNotNull() & ~_is_marked(F.col("_old")) & differs
    return F.when(moved, F.struct(*(value.alias(name) for name, value in old.items())))


def _reasons(
    contract: Contract, reads: dict[str, Read], key: dict[str, Read], given: dict[str, Expression]
) -> Expression:
    new, op = F.col("_new"), F.col("_op")
    names = F.filter(F.map_keys(new), lambda name: ~F.startswith(name, F.lit("_")))
    unknown = F.array_except(names, F.array(*(F.lit(column.name) for column in contract.columns)))
    key_text = F.col("_record.dynamodb.Keys")["_key"]["S"]
    written = encode_key(contract, {name: read.value for name, read in key.items()})
    of_values = collect_reasons(
        [
            unknown_reason(unknown, op),
            *key_reasons(contract, key),
            reason(
                key_text != written, "key: expected the key of the item's columns, ", shown(written),
                ", got ", shown(key_text),
            ),
            *type_reasons(contract, reads | key, given, op),
        ]
    )  # fmt: skip
    no_record = F.col(f"_record.{_CORRUPT}").isNotNull() | F.col("_record.dynamodb.SequenceNumber").isNull()
    got = F.concat(F.lit("record: expected a DynamoDB stream record, got "), shown(F.col("payload")))
    return (
        F.when(F.col("problem").isNotNull(), F.array("problem"))
        .when(no_record, F.array(got))
        .when(~F.col("_removed") & new.isNull(), F.array(F.lit(_NO_IMAGE)))
        .otherwise(of_values)
    )
