"""The order of the changes of a row: what `_version` they get, and which version an item has. No AWS in here.

A dataset with a sequence column takes its versions from it. In any other, the version of an event is the time
at which it happened, which a batch brings. A change that brings neither is the newest: it is stamped with the
current time, or one more than what is stored, whichever is greater.

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
    """The version of a change that brings none: later than what is stored, and now if versions are times.

    A dataset that counts its versions goes on counting: the time would make all its later changes stale.
    Where the sequence ends a delete takes the version that is reserved for it; Problem 409 for all else.
    """
    after = 0 if stored is None else stored + 1
    version = after if counts(contract) else max(now, after)
    greatest = greatest_version(contract)
    if version <= greatest:
        return version
    if op == "delete":  # an item of another writer may be beyond even that, and is deleted where it is
        return max(greatest + RESERVED - 1, stored or 0)
    raise Problem(
        "exhausted",
        f"expected a stored version below {greatest}, got {stored}: all that is left is to delete the row",
    )


def sequence_of_row(contract: Contract, row: Row) -> int | None:
    """The version that the row brings; None if the dataset has no sequence column."""
    return None if contract.sequence_column is None else to_version(row[contract.sequence_column])


def sequence_item(contract: Contract, version: int) -> Item:
    """The attribute of the sequence column, if the dataset has one, that says this version."""
    if contract.sequence_column is None:
        return {}
    column = contract.column(contract.sequence_column)
    return to_item(contract, {column.name: to_value(column, version)})


def version_of_item(contract: Contract, item: Item) -> int | None:
    """The item's `_version` or what its sequence column says, whichever is greater; None if it has neither.

    Other writers stamp no version, or one that is no number, and change the sequence column alone.
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
    """The number as the lake casts it to a long: without its fraction, and None beyond the range."""
    number = as_number({"N": text})
    if number is None or number.adjusted() > len(str(_LONG.stop)):
        return None
    return int(number) if int(number) in _LONG else None
