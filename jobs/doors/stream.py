"""The stream door: a DynamoDB stream record -> a change.

An item's `_version` (stamped by the Data API) orders its changes, or the sequence column if that is newer. An
item without a stamp is ordered by the stream's clock, and never before the state that it replaced. The
record's sequence number decides between equal versions.

An item marked `_deleted` is a delete. So is a REMOVE, at the removed item's version + 1 or the record's time,
whichever is later. A REMOVE of an item that was already deleted (mostly by DynamoDB's TTL) repeats the mark:
it is a delete at the mark's version that loses ties, and changes nothing unless the mark is lost.

Items of existing tables have no version (`jobs.doors.existing_items`): the second of the record orders them,
and within a second its sequence number.

Where versions count (the sequence column is an int or long), no clock orders anything: a REMOVE is at the
removed item's version + 1, and a change without any known version is rejected.
"""

from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from expectations.contract import Contract
from jobs.changes.columns import parsed_columns
from jobs.changes.projections import Projection, beside, once_per_contract
from jobs.changes.reasons import shown
from jobs.changes.types import ITEM
from jobs.doors.existing_items import image_of, old_image_of, stored_key_text
from jobs.doors.item_images import (
    REPEATED_DELETE_TIE,
    image_reasons,
    typed_images,
    version_of_removal,
    version_of_write,
)
from jobs.intake.doors import STREAM

TIE_DIGITS = 40  # sequence numbers have 21 to 40 digits, and sort by value only if all have as many
_CORRUPT = "_corrupt"
_RECORD = f"""
    eventID string, eventName string, {_CORRUPT} string,
    dynamodb struct<
        ApproximateCreationDateTime: string, SequenceNumber: string,
        Keys: {ITEM}, NewImage: {ITEM}, OldImage: {ITEM}
    >
"""
_NO_IMAGE = "record: expected a NewImage, got none; the stream's view must have new images"


def parse_stream(received: DataFrame, contract: Contract) -> DataFrame:
    """Received rows (`jobs.reading.received.RECEIVED`) as parsed rows (`jobs.changes.columns`)."""
    return _parsed(received, contract)


@once_per_contract
def _parsed(contract: Contract) -> list[Projection]:
    version = _version(contract)
    tie = F.lpad("_sequence_number", TIE_DIGITS, "0")
    return [
        *_captured(contract),
        *typed_images(contract, "_sequence_number"),
        beside(
            {
                "_version": version,
                "_tie": F.when(F.col("_is_repeated"), REPEATED_DELETE_TIE).otherwise(tie),
                "_source": F.lit(STREAM.name),
                "_updated_at": F.col("_time"),
                "reasons": _reasons(contract, version),
            }
        ),
        parsed_columns(contract),
    ]


def _captured(contract: Contract) -> list[Projection]:
    """The parts of the records, as `jobs.doors.item_images` wants them, and their sequence numbers."""
    record = F.from_json("payload", _RECORD, {"columnNameOfCorruptRecord": _CORRUPT})
    seconds = F.col("_record.dynamodb.ApproximateCreationDateTime")
    micros = (seconds.try_cast("decimal(20,6)") * 1_000_000).try_cast("bigint")
    removed = F.coalesce(F.col("_record.eventName") == "REMOVE", F.lit(False))
    keys = F.col("_record.dynamodb.Keys")
    new = image_of(contract, F.when(~removed, F.col("_record.dynamodb.NewImage")))
    old = old_image_of(contract, F.col("_record.dynamodb.OldImage"), keys)
    row = F.concat_ws("#", "source_file", "row_number")
    # A record that Spark could read only in part counts as none.
    is_whole = F.col(f"_record.{_CORRUPT}").isNull()
    parts: Projection = [
        *("source_file", "row_number", "payload", "problem"),
        F.when(is_whole, F.col("_record.dynamodb.SequenceNumber")).alias("_sequence_number"),
        F.coalesce(new["_event_id"]["S"], F.col("_record.eventID"), row).alias("_event_id"),
        F.coalesce(F.timestamp_micros(micros), seconds.try_cast("timestamp"), "event_time").alias("_time"),
        stored_key_text(contract, keys).alias("_key"),
        removed.alias("_removed"),
        new.alias("_new"),
        old.alias("_old"),
    ]
    return [beside({"_record": record}), parts]


def _version(contract: Contract) -> Expression:
    time = F.unix_micros("_time")
    removal, write = version_of_removal(contract, time), version_of_write(contract, time)
    return (
        F.when(F.col("_is_repeated"), F.col("_old_version")).when(F.col("_removed"), removal).otherwise(write)
    )


def _reasons(contract: Contract, version: Expression) -> Expression:
    no_record = F.concat(F.lit("record: expected a DynamoDB stream record, got "), shown(F.col("payload")))
    return (
        F.when(F.col("problem").isNotNull(), F.array("problem"))
        .when(F.col("_sequence_number").isNull(), F.array(no_record))
        .when(~F.col("_removed") & F.col("_new").isNull(), F.array(F.lit(_NO_IMAGE)))
        .otherwise(image_reasons(contract, version))
    )
