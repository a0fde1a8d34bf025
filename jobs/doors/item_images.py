"""What the doors of records share: an item's image -> typed columns and a version.

A frame of *captured* rows has the columns `CAPTURED`: where the row came from, and

    _event_id   the id of the event, as logs have it
    _time       when the change happened, by the clock of its door
    _key        the item's key text; null if it is an item of an existing table, whose key is in the images
    _removed    whether the item was removed
    _new, _old  the item after and before the change, type `ITEM`; null if the record does not have it

The mark of an erased key (`jobs.erasure.marks`) is not an item: if it replaces an item, the change is a
delete, and a record with nothing but the mark is quarantined as erased.
"""

from pyspark.sql import Column as Expression
from pyspark.sql import functions as F

from expectations.contract import Column, Contract
from expectations.spark_schema import ITEM_BOOKKEEPING
from jobs.changes.columns import DELETE, UPSERT, absent, or_default, typed
from jobs.changes.forms import ATTRIBUTES
from jobs.changes.key_text import decode_key, encode_key
from jobs.changes.nested import (
    NESTED,
    nested_columns,
    nested_name,
    nested_value,
    read_nested,
    with_nested_reasons,
)
from jobs.changes.positions import end_of_sequence_reason, is_ordered_by_time, order_of, order_reason
from jobs.changes.projections import Projection, beside
from jobs.changes.reasons import (
    ERASED_REASON,
    collect_reasons,
    key_reasons,
    reason,
    shown,
    type_reasons,
    unknown_reason,
)
from jobs.changes.types import Read, attribute_text, convert, read_attribute
from jobs.doors.existing_items import key_attribute_text

CAPTURED = (
    "source_file", "row_number", "payload", "problem",
    "_event_id", "_time", "_key", "_removed", "_new", "_old",
)  # fmt: skip
REPEATED_DELETE_TIE = ""


def typed_images(contract: Contract, *others: str) -> list[Projection]:
    """Captured rows with typed columns, `_op`, `_absent`, and the image (`_image`) with its versions."""
    image = F.col("_image")
    reads = {
        column.name: or_default(column, _read(column, image), image[column.name].isNull())
        for column in contract.columns
    }
    seen = {
        "_op": F.when(F.col("_removed") | is_marked(F.col("_new")), DELETE).otherwise(UPSERT),
        "_image": F.coalesce("_new", "_old"),
    }
    inside = {
        nested_name(column): read_nested(ATTRIBUTES, column, image[column.name])
        for column in nested_columns(contract)
    }
    orders = {f"_order{which}": _order_text(contract, F.col(which)) for which in ("_new", "_old")}
    carried = (*CAPTURED, "_op", "_image", "_is_mark", *inside, *orders, *others)
    missing = {column.name: image[column.name].isNull() for column in contract.columns}
    return [
        _without_marks(*others),
        beside(seen),
        beside(inside | orders | _texts(contract)),
        *typed(contract, reads | _key_reads(contract, reads), *carried),
        beside(
            {
                "_absent": absent(contract, missing),
                "_new_version": stamp(contract, F.col("_new"), F.col("_order_new")),
                "_old_version": stamp(contract, F.col("_old"), F.col("_order_old")),
                "_is_repeated": F.col("_removed") & is_marked(F.col("_old")),
            }
        ),
    ]


def _texts(contract: Contract) -> dict[str, Expression]:
    """The trimmed texts of scalar attributes, each of which is referred to many times."""
    as_it_is = () if contract.table.is_own else contract.key
    return {
        f"_text_{column.name}": (key_attribute_text if column.name in as_it_is else attribute_text)(
            column, F.col("_image")[column.name]
        )
        for column in contract.columns
        if column.kind not in NESTED
    }


def _read(column: Column, image: Expression) -> Read:
    if column.kind in NESTED:
        return nested_value(column)
    return read_attribute(column, image[column.name], F.col(f"_text_{column.name}"))


def _without_marks(*others: str) -> Projection:
    """The captured columns and others, without marks of erased keys.

    `_is_mark` is true where a record has nothing but marks.
    """
    new_is_mark, old_is_mark = _is_erased(F.col("_new")), _is_erased(F.col("_old"))
    has_item = (F.col("_new").isNotNull() & ~new_is_mark) | (F.col("_old").isNotNull() & ~old_is_mark)
    is_mark = (new_is_mark | old_is_mark) & ~has_item
    without = {
        "_is_mark": is_mark,
        "payload": F.when(~is_mark, F.col("payload")),
        "_removed": F.col("_removed") | new_is_mark,
        "_new": F.when(~new_is_mark, F.col("_new")),
        "_old": F.when(~old_is_mark, F.col("_old")),
    }
    same = [name for name in (*CAPTURED, *others) if name not in without]
    return [*same, *(value.alias(name) for name, value in without.items())]


def _is_erased(image: Expression) -> Expression:
    """Whether the item is the mark of an erased key."""
    return F.coalesce(image["_erased"]["BOOL"] == "true", F.lit(False))


def is_marked(image: Expression) -> Expression:
    """Whether the item is marked as deleted."""
    return F.coalesce(image["_deleted"]["BOOL"] == "true", F.lit(False))


def stamp(contract: Contract, image: Expression, order: Expression | None = None) -> Expression:
    """The version of an image; null if its writer stamped none.

    `order` is a column that holds the text of the sequence column, if there is one.
    """
    stamped = image["_version"]["N"].try_cast("bigint")
    if contract.sequence_column is None:
        return stamped
    column = contract.column(contract.sequence_column)
    text = _order_text(contract, image) if order is None else order
    return F.greatest(stamped, order_of(column, convert(column, text)))


def _order_text(contract: Contract, image: Expression) -> Expression:
    """The text of an image's sequence column; null if there is none."""
    if contract.sequence_column is None:
        return F.lit(None).cast("string")
    return attribute_text(contract.column(contract.sequence_column), image[contract.sequence_column])


def version_of_write(contract: Contract, time: Expression) -> Expression:
    """The version of an item that was written: its own, and never less than that of the state it replaced.

    Without a stamp, it is the time of the write if versions are times. Where versions count, a time in
    microseconds would outrank every later count: it is the version of the replaced state, or null, which
    `order_reasons` rejects.
    """
    new = F.col("_new_version")
    return F.greatest(F.coalesce(new, time) if is_ordered_by_time(contract) else new, "_old_version")


def version_of_removal(contract: Contract, time: Expression) -> Expression:
    """The version of a removal: the next one after the removed state's, or the time if that is later.

    Where versions count, times are none of them: null if the removed state is not known.
    """
    old = F.col("_old_version")
    following = F.coalesce(F.try_add(old, F.lit(1)), old)  # there is none after the greatest number
    return F.greatest(following, time) if is_ordered_by_time(contract) else following


def order_reasons(contract: Contract, version: Expression) -> list[Expression]:
    """The reason to reject a change without a version, where versions count."""
    if is_ordered_by_time(contract):
        return []
    name = contract.sequence_column
    missing = version.isNull() & ~F.coalesce(F.col(f"_wrong_{name}"), F.lit(False))
    text = (
        f"version: column {name}: expected a value in the item or in the one it replaced, which orders the "
    )
    return [reason(missing, text, "changes, got none; exports have both in the view NEW_AND_OLD_IMAGES")]


def _sequence_reasons(contract: Contract) -> list[Expression]:
    """The reasons to reject an upsert whose sequence column has no value that orders it; deletes may."""
    reasons = [end_of_sequence_reason(contract)]
    if is_ordered_by_time(contract):  # for versions that count, see `order_reasons`
        reasons.append(order_reason(contract))
    return [F.when(F.col("_op") == UPSERT, reason) for reason in reasons]


def image_reasons(contract: Contract, version: Expression) -> Expression:
    """Why the image is no change of the contract's dataset at that version; an empty array if it is one."""
    key, written = F.col("_key"), encode_key(contract)
    known = (*(column.name for column in contract.columns), *ITEM_BOOKKEEPING)
    others = F.array_except(F.map_keys("_new"), F.array(*map(F.lit, known)))
    # Spark interprets a filter, which is slow; few rows need it.
    unknown = F.when(F.size(others) > 0, F.filter(others, lambda name: ~F.startswith(name, F.lit("_"))))
    other_key = "key: expected the key of the item's columns, "
    got = {column.name: shown(F.to_json(F.col("_image")[column.name])) for column in contract.columns}
    of_image = collect_reasons(
        [
            unknown_reason(unknown),
            *key_reasons(contract),
            *order_reasons(contract, version),
            *_sequence_reasons(contract),
            reason(key != written, other_key, shown(written), ", got ", shown(key)),
            *type_reasons(contract, got),
        ]
    )
    all_reasons = with_nested_reasons(contract, of_image)
    return F.when(F.col("_is_mark"), F.array(F.lit(ERASED_REASON))).otherwise(all_reasons)


def _key_reads(contract: Contract, reads: dict[str, Read]) -> dict[str, Read]:
    """The key columns of the image; those of the key text where a row has no image."""
    if not contract.table.is_own:
        return {name: reads[name] for name in contract.key}
    decoded = decode_key(contract, F.col("_key"))
    has_image = F.col("_image").isNotNull()
    return {
        name: Read(
            F.when(has_image, reads[name].value).otherwise(decoded[name].value),
            F.when(has_image, reads[name].is_given).otherwise(decoded[name].is_given),
        )
        for name in contract.key
    }
