"""The versions of changes and items, which order the changes of a row. No AWS here.

In a dataset with a sequence column, versions are the values of that column. In other datasets, the version of
an event is its time, which a batch may state. A change with neither is the newest: its version is the current
time, or one more than the stored version, whichever is greater.

The lake reads an item's version in the same way (`jobs.doors.item_images.stamp`).
"""

from expectations import timestamps
from expectations.align import Op
from expectations.contract import Contract, Row
from expectations.sequence import RESERVED, counts, greatest_version, to_value, to_version
from lambdas.data_api.items import VERSION, Item, as_number, to_item
from lambdas.data_api.problems import Problem

_LONG = range(-(2**63), 2**63)


def stamp(contract: Contract, op: Op, stored: int | None, now: int) -> int:
    """The version of a change without one: after the stored version, and now if versions are times.

    Versions that are numbers of the dataset continue from the stored one, as a time would make all later
    changes stale. At the end of the sequence, a delete gets the version that is reserved for it; any other
    change is Problem 409.
    """
    after = 0 if stored is None else stored + 1
    version = after if counts(contract) else max(now, after)
    greatest = greatest_version(contract)
    if version <= greatest:
        return version
    if op == "delete":  # an item of another writer may have a greater version, which its delete keeps
        return max(greatest + RESERVED - 1, stored or 0)
    raise Problem(
        "exhausted",
        f"expected a stored version below {greatest}, got {stored}: the row can only be deleted",
    )


def sequence_of_row(contract: Contract, row: Row) -> int | None:
    """The version of the row by its sequence column; None if the dataset has none."""
    return None if contract.sequence_column is None else to_version(row[contract.sequence_column])


def sequence_item(contract: Contract, version: int) -> Item:
    """The attribute of the sequence column with this version; empty if the dataset has none."""
    if contract.sequence_column is None:
        return {}
    column = contract.column(contract.sequence_column)
    return to_item(contract, {column.name: to_value(column, version)})


def version_of_item(contract: Contract, item: Item) -> int | None:
    """The greater of `_version` and the version by the sequence column; None if the item has neither.

    Other writers may store no `_version`, or one that is not a number, or change only the sequence column.
    """
    versions = (_whole(item.get(VERSION, {}).get("N")), _sequence_of_item(contract, item))
    return max((version for version in versions if version is not None), default=None)


def _sequence_of_item(contract: Contract, item: Item) -> int | None:
    attribute = item.get(contract.sequence_column or "")
    if attribute is None:
        return None
    if counts(contract):
        number = as_number(attribute)
        return None if number is None or number != number.to_integral_value() else _whole(str(number))
    instant = timestamps.canonical(str(attribute.get("S", "")).strip())
    return None if instant is None else to_version(instant)


def _whole(text: str | None) -> int | None:
    """The number as the lake casts it to a long: without its fraction, None beyond the range of a long."""
    number = as_number({"N": text})
    if number is None or number.adjusted() > len(str(_LONG.stop)):
        return None
    return int(number) if int(number) in _LONG else None
