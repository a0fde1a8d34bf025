"""Items of an existing table -> images of captured rows (`jobs.doors.item_images`).

An image has the contract's columns as attributes, read from the item by the paths of the contract, and
nothing else: an owner's attribute named `_version` orders nothing. A removed item of which the record has the
key alone is an image of its key. Columns of the key are not trimmed, since two items never are one row.
"""

from pyspark.sql import Column as Expression
from pyspark.sql import functions as F

from expectations.contract import Column, Contract
from expectations.existing_table import Path
from expectations.item_keys import KEY_TYPES, table_of
from jobs.changes.types import ATTRIBUTE, ITEM

_SECOND = 1_000_000
_LIST = f"array<{ATTRIBUTE}>"


def image_of(contract: Contract, item: Expression) -> Expression:
    """The item's image, type `ITEM`; null if there is no item."""
    parts = [
        part
        for column, path in table_of(contract).paths().items()
        for part in (F.lit(column), _attribute(item, path))
    ]
    return F.when(item.isNotNull(), F.create_map(*parts))


def old_image_of(contract: Contract, item: Expression, keys: Expression) -> Expression:
    """The image of the item before the change; that of its key where the record does not have the item."""
    return F.coalesce(image_of(contract, item), image_of(contract, keys))


def _attribute(item: Expression, path: Path) -> Expression:
    """The attribute at a path, type `ATTRIBUTE`; null if there is none."""
    first, *inner = path
    found = item[first]
    for step in inner:
        if isinstance(step, int):
            found = F.get(F.from_json(found["L"], _LIST), F.lit(step))
        else:
            found = F.from_json(found["M"], ITEM)[step]
    return found


def key_attribute_text(column: Column, attribute: Expression) -> Expression:
    """The text of a key's attribute, as it is; null if it has another type than the column."""
    return attribute[KEY_TYPES[column.kind]]


def time_of_window(written: Expression, window_end: Expression) -> Expression:
    """The version of a line of an incremental export; its times are microseconds.

    Records of a stream have whole seconds. The last write before the end of a window that lies in a later
    second is the last one of its second: it is above the records of that second. Otherwise a later write of
    the same second may follow, whose record has to win.
    """
    second = written - F.pmod(written, F.lit(_SECOND))
    is_last_of_second = second + _SECOND <= window_end
    return F.when(is_last_of_second, written).otherwise(second)
