"""What the doors that bring DynamoDB items have in common: an item's image -> typed columns and a version.

A frame of *captured* rows has `CAPTURED`: where the row came from, and

    _event_id   what to look for in logs
    _time       when the change happened, as its door tells
    _key        the item's key text
    _removed    whether the item is gone
    _new, _old  the item after and before the change, type `ITEM`; null if the door doesn't show it
"""

from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from expectations.contract import Column, Contract
from expectations.spark_schema import ITEM_BOOKKEEPING
from jobs.changes import (
    DELETE,
    UPSERT,
    absent,
    collect_reasons,
    end_of_sequence_reason,
    key_reasons,
    or_default,
    order_of,
    reason,
    shown,
    type_reasons,
    typed,
    unknown_reason,
)
from jobs.key_text import decode_key, encode_key
from jobs.nested import (
    ATTRIBUTES,
    NESTED,
    nested_columns,
    nested_name,
    nested_value,
    read_nested,
    with_nested_faults,
)
from jobs.values import Read, read_attribute

CAPTURED = (
    "source_file", "row_number", "payload", "problem",
    "_event_id", "_time", "_key", "_removed", "_new", "_old",
)  # fmt: skip
REPEATED_DELETE_TIE = ""


def typed_images(captured: DataFrame, contract: Contract, *others: str) -> DataFrame:
    """Captured rows with their columns typed, `_op`, `_absent`, the image these are of, and its stamps."""
    image = F.col("_image")
    reads = {
        column.name: or_default(column, _read(column, image[column.name]), image[column.name].isNull())
        for column in contract.columns
    }
    seen = captured.withColumns(
        {
            "_op": F.when(F.col("_removed") | is_marked(F.col("_new")), DELETE).otherwise(UPSERT),
            "_image": F.coalesce("_new", "_old"),
        }
    )
    inside = {
        nested_name(column): read_nested(ATTRIBUTES, column, image[column.name])
        for column in nested_columns(contract)
    }
    carried = (*CAPTURED, "_op", "_image", *inside, *others)
    rows = typed(seen.withColumns(inside), contract, reads | _key_reads(contract, reads), *carried)
    missing = {column.name: F.col("_image")[column.name].isNull() for column in contract.columns}
    return rows.withColumns(
        {
            "_absent": absent(contract, missing),
            "_new_version": stamp(contract, F.col("_new")),
            "_old_version": stamp(contract, F.col("_old")),
            "_is_repeated": F.col("_removed") & is_marked(F.col("_old")),
        }
    )


def _read(column: Column, attribute: Expression) -> Read:
    return nested_value(column) if column.kind in NESTED else read_attribute(column, attribute)


def is_marked(image: Expression) -> Expression:
    """Whether the item is marked as deleted."""
    return F.coalesce(image["_deleted"]["BOOL"] == "true", F.lit(False))


def stamp(contract: Contract, image: Expression) -> Expression:
    """The version an image carries; null if its writer stamped none."""
    stamped = image["_version"]["N"].try_cast("bigint")
    if contract.sequence_column is None:
        return stamped
    column = contract.column(contract.sequence_column)
    return F.greatest(stamped, order_of(column, read_attribute(column, image[column.name]).value))


def image_reasons(contract: Contract) -> Expression:
    """Why the image is no row of the contract; an empty array if it is one."""
    key, written = F.col("_key"), encode_key(contract)
    known = (*(column.name for column in contract.columns), *ITEM_BOOKKEEPING)
    others = F.array_except(F.map_keys("_new"), F.array(*map(F.lit, known)))
    # Spark interprets a filter; few rows come to it.
    unknown = F.when(F.size(others) > 0, F.filter(others, lambda name: ~F.startswith(name, F.lit("_"))))
    other_key = "key: expected the key of the item's columns, "
    got = {column.name: shown(F.to_json(F.col("_image")[column.name])) for column in contract.columns}
    reasons = collect_reasons(
        [
            unknown_reason(unknown),
            *key_reasons(contract),
            F.when(F.col("_op") == UPSERT, end_of_sequence_reason(contract)),
            reason(key != written, other_key, shown(written), ", got ", shown(key)),
            *type_reasons(contract, got),
        ]
    )
    return with_nested_faults(contract, reasons)


def _key_reads(contract: Contract, reads: dict[str, Read]) -> dict[str, Read]:
    """The key columns of the image; those of the key text where a row has no image."""
    decoded = decode_key(contract, F.col("_key"))
    has_image = F.col("_image").isNotNull()
    return {
        name: Read(
            F.when(has_image, reads[name].value).otherwise(decoded[name].value),
            F.when(has_image, reads[name].wrong).otherwise(decoded[name].wrong),
        )
        for name in contract.key
    }
