"""The DynamoDB write of a change, and the condition that it depends on. No AWS here.

Every write is one conditional call. If two writers race, each has a condition on the version that it
replaces: the older write is refused in any order of arrival, and a repeated write changes nothing.

The first attempt compares with the stored `_version` inside DynamoDB, so nearly every write is a single call.
If DynamoDB refuses, it returns the stored item, and `next_write` decides about that. An item of another
writer may have no version, or one that is not a number; then its sequence column is its version. The second
attempt replaces exactly the item that was returned.

Two events with the same version are ordered by their times, then by their ids. Therefore they end in the same
row in any order of arrival, and a repeated event changes nothing. A change without a time, such as a request
for a single row, happens when it arrives.
"""

from dataclasses import dataclass, replace
from typing import Any

from lambdas.data_api.changes import Change
from lambdas.data_api.index_attributes import index_attribute_names, index_attributes
from lambdas.data_api.items import DELETED, EVENT_ID, EVENT_TIME, EXPIRES_AT, KEY, VERSION, Item
from lambdas.data_api.problems import Problem
from lambdas.data_api.stored import Expectation, Stored
from lambdas.data_api.versions import sequence_item, stamp

# An item that is marked as deleted refuses older changes that are still in a queue, so it has to outlive
# them. A message stays in Inbound for at most 14 days, and as a dead letter for 14 more; `glueline redrive`
# restarts both periods. The mark stays for three such periods, which are two redrives, and 6 more days. So it
# also outlives the tombstones that refuse the same changes in the lake (30 days by default). A message that
# spends 14 days in each queue and is redriven for the third time may find no mark.
KEEP_DELETED_SECONDS = 90 * 24 * 3600

_LIVE = "(attribute_exists(#key) AND attribute_not_exists(#deleted))"
_NOT_LIVE = "(attribute_not_exists(#key) OR attribute_exists(#deleted))"


@dataclass(frozen=True, slots=True)
class Write:
    """A change with its version, ready for DynamoDB. `over` is the item that it replaces, if known."""

    change: Change
    version: int
    expected: Expectation
    now: int  # microseconds since the epoch
    over: Stored | None = None

    @property
    def item(self) -> Item:
        """The attributes that the write sets."""
        change = self.change
        marks: Item = {VERSION: {"N": str(self.version)}, EVENT_ID: {"S": change.event.id}}
        if change.contract.sequence_column is not None:  # otherwise the version is the time
            marks[EVENT_TIME] = {"N": str(self._event_time)}
        if change.version is None:
            marks |= sequence_item(change.contract, self.version)
        if change.op == "delete":
            expires_at = self.now // 1_000_000 + KEEP_DELETED_SECONDS
            marks |= {DELETED: {"BOOL": True}, EXPIRES_AT: {"N": str(expires_at)}}
        item = {**change.item, **marks}
        return item | index_attributes(change.contract, item)

    def put(self, table: str) -> dict[str, Any]:
        """An upsert as parameters of PutItem or of a transaction's Put, which replace the item."""
        item = {KEY: {"S": self.change.key}, **self.item}
        return {"TableName": table, "Item": item, **self._condition()}

    def mark(self, table: str) -> dict[str, Any]:
        """A delete as parameters of UpdateItem or of a transaction's Update, which mark the item as deleted.

        The item stays with its other columns, but leaves the indexes. So a delete has a version with which
        older changes are compared, even if nothing was stored before.
        """
        condition = self._condition()
        sets = list(enumerate(self.item.items()))
        removed = dict(enumerate(index_attribute_names(self.change.contract.patterns)))
        remove = " REMOVE " + ", ".join(f"#r{place}" for place in removed) if removed else ""
        return {
            "TableName": table,
            "Key": {KEY: {"S": self.change.key}},
            "UpdateExpression": "SET " + ", ".join(f"#s{place} = :s{place}" for place, _ in sets) + remove,
            **condition,
            "ExpressionAttributeNames": condition["ExpressionAttributeNames"]
            | {f"#s{place}": name for place, (name, _) in sets}
            | {f"#r{place}": name for place, name in removed.items()},
            "ExpressionAttributeValues": condition.get("ExpressionAttributeValues", {})
            | {f":s{place}": value for place, (_, value) in sets},
        }

    def transact(self, table: str) -> dict[str, Any]:
        """The write as an element of TransactItems."""
        return {"Put": self.put(table)} if self.change.op == "upsert" else {"Update": self.mark(table)}

    def is_stored(self, stored: Stored) -> bool:
        """Whether the stored item is the result of this write, made by an attempt whose answer was lost."""
        own = (self.version, self.change.event.id, self.change.op == "upsert")
        return own == (stored.known_version, stored.event[1], stored.is_live)

    @property
    def _event_time(self) -> int:
        return self.now if self.change.event.time is None else self.change.event.time

    def _condition(self) -> dict[str, Any]:
        names = {"#key": KEY, "#version": VERSION, "#deleted": DELETED, "#id": EVENT_ID, "#time": EVENT_TIME}
        if (sequence := self.change.contract.sequence_column) is not None:
            names["#sequence"] = sequence
        condition, values = self._over_older() if self.over is None else _over(self.over, names)
        return {
            "ConditionExpression": condition,
            "ExpressionAttributeNames": {name: names[name] for name in names if name in condition},
            **({"ExpressionAttributeValues": values} if values else {}),
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }

    def _over_older(self) -> tuple[str, Item]:
        """The condition that the stored item is older, by its `_version`, and what the writer expects."""
        older, values = self._older()
        terms = [f"(attribute_not_exists(#key) OR {older})"]
        if self.expected.versions is not None:
            versions = enumerate(sorted(self.expected.versions))
            expected: Item = {f":e{place}": {"N": str(version)} for place, version in versions}
            values |= expected
            terms += [_LIVE, f"#version IN ({', '.join(expected)})"]
        elif self.expected.live is not None:
            terms.append(_LIVE if self.expected.live else _NOT_LIVE)
        return " AND ".join(terms), values

    def _older(self) -> tuple[str, Item]:
        change = self.change
        values: Item = {":version": {"N": str(self.version)}}
        if change.version is None:
            return "#version < :version", values
        if change.event.time is None:
            return "#version <= :version", values
        values[":id"] = {"S": change.event.id}
        earlier = "#id <= :id"
        if change.contract.sequence_column is not None:
            values[":time"] = {"N": str(change.event.time)}
            earlier = "(#time < :time OR (#time = :time AND #id <= :id))"
        return f"#version < :version OR (#version = :version AND {earlier})", values


def next_write(write: Write, stored: Stored | None, now: int) -> Write | None:
    """The write after one that DynamoDB refused because of the stored item; None if it is stored already.

    Problem if the key is erased, if the writer expected another item, or if a newer version is stored.
    """
    if stored is None:  # removed since the last attempt
        write.expected.check(stored)
        return replace(write, now=now, over=None)
    if stored.is_erased:
        raise erased()
    if write.is_stored(stored):
        return None
    write.expected.check(stored)
    change = write.change
    if change.version is not None and not outranks(change, stored):
        raise stale(change.version, stored.version)
    if change.version is None or (stored.known_version is None and change.contract.sequence_column is None):
        # It is unknown when an item without a version was written, so the change counts as newer.
        version = stamp(change.contract, change.op, stored.known_version, now)
    else:
        version = change.version
    return replace(write, version=version, now=now, over=stored)


def outranks(change: Change, stored: Stored) -> bool:
    """Whether a change with a version is newer than the stored item, or the change that wrote it."""
    known = stored.known_version
    if known is None or change.version is None or known != change.version:
        return known is None or change.version is None or change.version > known
    if change.event.time is None:
        return True
    time, event_id = stored.event
    if change.contract.sequence_column is None:  # the version is the time
        return change.event.id >= event_id
    return (change.event.time, change.event.id) >= (time, event_id)


def stale(version: int, stored: int) -> Problem:
    """The problem of a change that is older than the stored item."""
    return Problem("stale", f"expected version {stored} or newer, got {version}; nothing was changed")


def erased() -> Problem:
    """The problem of a change of an erased key."""
    return Problem("erased", "no row of this key may be stored until `glueline erase --lift` is run for it")


def _over(stored: Stored, names: dict[str, str]) -> tuple[str, Item]:
    """The condition that the stored item is this one, by all attributes that decide its order.

    An item without attributes stands for none.
    """
    if not stored.item:
        return "attribute_not_exists(#key)", {}
    terms = ["attribute_exists(#key)"]
    values: Item = {}
    for name, attribute in names.items():
        if attribute == KEY:
            continue
        if attribute in stored.item:
            values[f":o{len(values)}"] = stored.item[attribute]
            terms.append(f"{name} = :o{len(values) - 1}")
        else:
            terms.append(f"attribute_not_exists({name})")
    return " AND ".join(terms), values
