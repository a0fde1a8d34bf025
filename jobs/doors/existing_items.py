"""Items of a dataset's table -> images of captured rows (`jobs.doors.item_images`).

An item of the stack's own tables is its image. That of an existing table has the contract's columns as
attributes, read from the item by the paths of the contract, and nothing else: an owner's attribute named
`_version` orders nothing. A removed item of which the record has the key alone is an image of its key.
Columns of the key are not trimmed, since two items never are one row.

Items of other datasets in the table are left out before (`lambdas.forwarder`, `jobs.parity.dynamodb_scan`),
but those of an export here.
"""

from functools import reduce
from operator import and_

from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from expectations.contract import Column, Contract
from expectations.entities import Condition, Entity, expression
from expectations.existing_table import Path
from expectations.item_keys import KEY_TYPES, table_of
from jobs.changes.types import ATTRIBUTE, ITEM

_SECOND = 1_000_000
_LIST = f"array<{ATTRIBUTE}>"


def image_of(contract: Contract, item: Expression) -> Expression:
    """The item's image, type `ITEM`; null if there is no item."""
    if contract.table.is_own:
        return item
    table = table_of(contract)
    parts = table.part_columns
    read = {
        column: _part(item, parts[column], column) if column in parts else _attribute(item, path)
        for column, path in table.paths().items()
    }
    pairs = [part for column, attribute in read.items() for part in (F.lit(column), attribute)]
    return F.when(item.isNotNull(), F.create_map(*pairs))


def claimed(contract: Contract, item: Expression) -> Expression:
    """The item, if it is a row of the dataset; else null."""
    return F.when(_meets(contract.table.entity, item), item) if contract.table.entity else item


def without_others(lines: DataFrame, contract: Contract, line: Expression) -> DataFrame:
    """The lines of an export without those of items of other datasets.

    A window shows an item before it and after it, and not what it was in between. So an item that is another
    dataset's after the window is removed from this one, as far as it can have been there.
    """
    if not contract.table.entity:
        return lines
    table = table_of(contract)
    item, keys = line["Item"], line["Keys"]
    new, old = F.coalesce(item, line["NewImage"]), line["OldImage"]
    is_mine = _meets(table.entity, new) | _meets(table.entity, old)
    may_have_been = F.lit(table.may_lose_items) & item.isNull() & _meets(table.conditions_on_key, keys)
    return lines.where(F.coalesce(new, old, keys).isNull() | is_mine | may_have_been)


def _meets(entity: Entity, item: Expression) -> Expression:
    """Whether the item meets the conditions; false if there is no item."""
    return reduce(and_, (_holds(one, item[one.attribute]) for one in entity), item.isNotNull())


def _holds(condition: Condition, attribute: Expression) -> Expression:
    found = attribute[condition.tag]
    match condition.kind:
        case "prefix":
            holds = F.startswith(found, F.lit(condition.text))
        case "equals":
            holds = found == condition.text
        case "format":
            holds = found.rlike(_whole(condition))
    return F.coalesce(holds, F.lit(False))


def _part(item: Expression, condition: Condition, column: str) -> Expression:
    """A part of a key's attribute, as an attribute; its text is null if the attribute has another format."""
    group = condition.columns.index(column) + 1
    text = F.regexp_extract(item[condition.attribute]["S"], _whole(condition), group)
    return F.create_map(F.lit("S"), F.nullif(text, F.lit("")))


def _whole(condition: Condition) -> str:
    return rf"\A(?:{expression(condition)})\z"


def old_image_of(contract: Contract, item: Expression, keys: Expression) -> Expression:
    """The image of the item before the change; that of its key where the record does not have the item."""
    if contract.table.is_own:
        return item
    return F.coalesce(image_of(contract, item), image_of(contract, keys))


def stored_key_text(contract: Contract, *items: Expression) -> Expression:
    """The key text that the first of these items has; null in existing tables, as the image has the key."""
    if not contract.table.is_own:
        return F.lit(None).cast("string")
    return F.coalesce(*(item["_key"]["S"] for item in items))


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


def time_of_window(contract: Contract, written: Expression, window_end: Expression) -> Expression:
    """The version of a line of an incremental export whose item has none; all times are microseconds.

    In own tables it is the time of the write. In existing ones it is placed among the records of the stream,
    which have whole seconds. The last write before the end of a window that lies in a later second is the
    last one of its second: it is above the records of that second. Otherwise a later write of the same second
    may follow, whose record has to win.
    """
    if contract.table.is_own:
        return written
    second = written - F.pmod(written, F.lit(_SECOND))
    is_last_of_second = second + _SECOND <= window_end
    return F.when(is_last_of_second, written).otherwise(second)
