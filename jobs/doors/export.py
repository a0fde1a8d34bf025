"""The export door: a line of a DynamoDB export -> a change.

A full export has the items at one time, an incremental export the result of the changes in a window. Neither
has the changes in between, and the history marks changes of exports as coarse.

An item's own version orders it, as on the stream (`jobs.doors.stream`). If its writer stamped none, the
version is the time of the last write, which an incremental export has. A full export has only the time of the
export: the version is some minutes before it, because its clock is not the stream's and later writes must
win.

An item marked `_deleted` is a delete, and so is a line without a new image: at the old image's version + 1 or
the time of the write, whichever is later. If the old image was already marked, nothing changed.

Items of existing tables have no version (`jobs.doors.existing_items`). Their stream has whole seconds, and a
line of an incremental export is placed among those.

Where versions count (the sequence column is an int or long), times order nothing: a line without a new image
is at the old image's version + 1, and a line without any known version is rejected.
"""

from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from expectations.contract import Contract
from jobs.changes.columns import parsed_columns
from jobs.changes.positions import content_tie, is_ordered_by_time
from jobs.changes.projections import Projection, beside, once_per_contract
from jobs.changes.reasons import shown
from jobs.changes.types import ITEM
from jobs.doors.existing_items import (
    claimed,
    image_of,
    old_image_of,
    stored_key_text,
    time_of_window,
    without_others,
)
from jobs.doors.item_images import (
    REPEATED_DELETE_TIE,
    image_reasons,
    typed_images,
    version_of_removal,
    version_of_write,
)
from jobs.intake.doors import EXPORT

MARGIN_MICROS = 5 * 60 * 1_000_000
_CORRUPT = "_corrupt"
_LINE = f"""
    Item {ITEM}, Keys {ITEM}, NewImage {ITEM}, OldImage {ITEM},
    Metadata struct<WriteTimestampMicros: string>, {_CORRUPT} string
"""


def parse_export(received: DataFrame, contract: Contract) -> DataFrame:
    """Received rows (`jobs.reading.received.RECEIVED`) as parsed rows (`jobs.changes.columns`).

    Their `event_time` is the time of the export; for an incremental one, the end of its window.
    """
    return _parsed(without_others(received, contract, _line()), contract)


@once_per_contract
def _parsed(contract: Contract) -> list[Projection]:
    own, version = F.greatest("_new_version", "_old_version"), _version(contract)
    # Two exports of an item that has not changed in between are the same change.
    of_full = F.when(F.col("_is_full") & own.isNotNull(), F.timestamp_micros(own)).otherwise(F.col("_time"))
    return [
        *_captured(contract),
        *typed_images(contract, "_form", "_is_full", "_micros"),
        beside(
            {
                "_version": version,
                "_source": F.lit(EXPORT.name),
                "_updated_at": of_full if is_ordered_by_time(contract) else F.col("_time"),
                "reasons": _reasons(contract, version),
            }
        ),
        beside({"_tie": F.when(F.col("_is_repeated"), REPEATED_DELETE_TIE).otherwise(content_tie(contract))}),
        parsed_columns(contract),
    ]


def _captured(contract: Contract) -> list[Projection]:
    """The parts of the lines, as `jobs.doors.item_images` wants them, and which kind of line it is."""
    item, keys = F.col("_line.Item"), F.col("_line.Keys")
    # {"N": "…"}; some exports have a bare number or text.
    written = F.regexp_extract("_line.Metadata.WriteTimestampMicros", "([0-9]+)", 1).try_cast("bigint")
    new, old = F.coalesce(item, F.col("_line.NewImage")), F.col("_line.OldImage")
    new = image_of(contract, claimed(contract, new))
    old = old_image_of(contract, claimed(contract, old), keys)
    is_whole = F.col(f"_line.{_CORRUPT}").isNull()
    parts: Projection = [
        *("source_file", "row_number", "payload", "problem"),
        (is_whole & (item.isNotNull() | (keys.isNotNull() & written.isNotNull()))).alias("_form"),
        item.isNotNull().alias("_is_full"),
        time_of_window(contract, written, F.unix_micros("event_time")).alias("_micros"),
        F.coalesce(new["_event_id"]["S"], F.concat_ws("#", "source_file", "row_number")).alias("_event_id"),
        F.coalesce(F.timestamp_micros(written), "event_time").alias("_time"),
        stored_key_text(contract, keys, item).alias("_key"),
        new.isNull().alias("_removed"),
        new.alias("_new"),
        old.alias("_old"),
    ]
    return [beside({"_line": _line()}), parts]


def _line() -> Expression:
    return F.from_json("payload", _LINE, {"columnNameOfCorruptRecord": _CORRUPT})


def _version(contract: Contract) -> Expression:
    micros, new, old = F.col("_micros"), F.col("_new_version"), F.col("_old_version")
    at_export = F.unix_micros("_time") - MARGIN_MICROS
    return (
        F.when(F.col("_is_full"), F.coalesce(new, at_export) if is_ordered_by_time(contract) else new)
        .when(F.col("_is_repeated"), old)
        .when(F.col("_removed"), version_of_removal(contract, micros))
        .otherwise(version_of_write(contract, micros))
    )


def _reasons(contract: Contract, version: Expression) -> Expression:
    no_line = F.concat(F.lit("record: expected a line of a DynamoDB export, got "), shown(F.col("payload")))
    return (
        F.when(F.col("problem").isNotNull(), F.array("problem"))
        .when(~F.coalesce("_form", F.lit(False)), F.array(no_line))
        .otherwise(image_reasons(contract, version))
    )
