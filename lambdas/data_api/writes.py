"""The DynamoDB write that a change becomes, and what it relies on. No AWS in here.

Every write is one conditional call. Two writers may race: each has a condition on the version it replaces,
so the older is refused in whatever order they arrive, and doing a write again changes nothing.

The first attempt compares with the stored `_version` inside DynamoDB, which settles nearly every write in
one call. A refusal brings the stored item, and that is judged here (`again`): what other writers store may
have no version, or one that is no number; then its sequence column is its version. The second attempt
replaces exactly the item that was judged.

Two events of one version are ordered by their times, then by their ids. So two events that name the same
version end in the same row whatever order they come in, and one that comes again changes nothing. A change
without a time, such as a request for a single row, happens when it comes.
"""

from dataclasses import dataclass, field, replace
from typing import Any

from expectations.contract import Contract
from lambdas.data_api.changes import Change
from lambdas.data_api.items import (
    DELETED,
    ERASED,
    EVENT_ID,
    EVENT_TIME,
    EXPIRES_AT,
    KEY,
    VERSION,
    Item,
    as_number,
)
from lambdas.data_api.problems import Problem
from lambdas.data_api.versions import sequence_item, stamp, version_of_item

# The mark of a delete refuses older changes that are still on their way, so it has to outlive every queue.
# A message stays in Inbound for 14 days at most, and as a dead letter for 14 more; `glueline redrive` begins
# both anew. The mark stays for three such passes, that is two redrives, and 6 days more. So it also outlives
# the tombstones that refuse the same changes in the lake (30 days by default). A message that waits 14 days
# in every queue and is redriven a third time may find no mark.
KEEP_DELETED_SECONDS = 90 * 24 * 3600

_BEFORE_ALL = -(2**63)
_LIVE = "(attribute_exists(#key) AND attribute_not_exists(#deleted))"
_NOT_LIVE = "(attribute_not_exists(#key) OR attribute_exists(#deleted))"


@dataclass(frozen=True, slots=True)
class Stored:
    """What the table holds under a key: a row, the mark of a deleted one, or that of an erased key.

    The mark of an erased key has the greatest version there is. No change may bring that version, so the
    condition of every write refuses; only `glueline erase` writes and lifts the mark.
    """

    contract: Contract
    item: Item

    @property
    def known_version(self) -> int | None:
        """Its place in the order of changes; None if its writer gave it none."""
        return version_of_item(self.contract, self.item)

    @property
    def version(self) -> int:
        """As the API shows it: 0 if its writer gave it none."""
        return self.known_version or 0

    @property
    def is_live(self) -> bool:
        """Whether it is a row."""
        return DELETED not in self.item

    @property
    def is_erased(self) -> bool:
        """Whether the key is erased, and no row of it may come."""
        return ERASED in self.item

    @property
    def event(self) -> tuple[int, str]:
        """Time and id of the event that wrote it; an item without a time comes before every event."""
        time = as_number(self.item.get(EVENT_TIME))
        return _BEFORE_ALL if time is None else int(time), str(self.item.get(EVENT_ID, {}).get("S", ""))


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a writer relies on finding: a row, none, or one of these versions of it.

    `otherwise` is the kind of the problem if something else is stored.
    """

    live: bool | None = None
    versions: frozenset[int] | None = None
    otherwise: str = field(default="precondition-failed", compare=False)

    def check(self, stored: Stored | None) -> None:
        """Problem `otherwise` unless this is what was expected."""
        is_live = stored is not None and stored.is_live
        if self.versions is not None:
            holds = is_live and stored is not None and stored.version in self.versions
        else:
            holds = self.live in (None, is_live)
        if not holds:
            found = f"a row of version {stored.version}" if stored is not None and is_live else "no row"
            raise Problem(self.otherwise, f"stored is {found}; nothing was changed")


ANYTHING = Expectation()


@dataclass(frozen=True, slots=True)
class Write:
    """A change with its version, ready for DynamoDB. `over` is what it replaces, once that was judged."""

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
        if change.contract.sequence_column is not None:  # elsewhere the version is the time
            marks[EVENT_TIME] = {"N": str(self._event_time)}
        if change.version is None:
            marks |= sequence_item(change.contract, self.version)
        if change.op == "delete":
            expires_at = self.now // 1_000_000 + KEEP_DELETED_SECONDS
            marks |= {DELETED: {"BOOL": True}, EXPIRES_AT: {"N": str(expires_at)}}
        return {**change.item, **marks}

    def put(self, table: str) -> dict[str, Any]:
        """An upsert as the parameters of PutItem or a transaction's Put: the item is replaced."""
        item = {KEY: {"S": self.change.key}, **self.item}
        return {"TableName": table, "Item": item, **self._condition()}

    def mark(self, table: str) -> dict[str, Any]:
        """A delete as the parameters of UpdateItem or a transaction's Update.

        The item stays, marked, with its other columns: so a delete has a version that an older change can be
        compared with, also where nothing was stored before.
        """
        condition = self._condition()
        sets = list(enumerate(self.item.items()))
        return {
            "TableName": table,
            "Key": {KEY: {"S": self.change.key}},
            "UpdateExpression": "SET " + ", ".join(f"#s{place} = :s{place}" for place, _ in sets),
            **condition,
            "ExpressionAttributeNames": condition["ExpressionAttributeNames"]
            | {f"#s{place}": name for place, (name, _) in sets},
            "ExpressionAttributeValues": condition.get("ExpressionAttributeValues", {})
            | {f":s{place}": value for place, (_, value) in sets},
        }

    def transact(self, table: str) -> dict[str, Any]:
        """The write as part of a transaction."""
        return {"Put": self.put(table)} if self.change.op == "upsert" else {"Update": self.mark(table)}

    def is_stored(self, stored: Stored) -> bool:
        """Whether this very write was done before: by an earlier attempt, whose answer was lost."""
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
        """Only over what is older, as far as the stored version says it."""
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


def again(write: Write, stored: Stored | None, now: int) -> Write | None:
    """The write that follows one that DynamoDB refused for what is stored; None if it is stored already.

    Problem if the key is erased, something else than expected is stored, or a newer version.
    """
    if stored is None:  # gone since it was judged
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
        # When an item without a version was written nobody knows, so the change is the newest that is known.
        version = stamp(change.contract, change.op, stored.known_version, now)
    else:
        version = change.version
    return replace(write, version=version, now=now, over=stored)


def outranks(change: Change, stored: Stored) -> bool:
    """Whether a change that brings its version is newer than what is stored, or the same change."""
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
    """The problem of a change that is older than what is stored."""
    return Problem("stale", f"expected version {stored} or newer, got {version}; nothing was changed")


def erased() -> Problem:
    """The problem of a change of an erased key."""
    return Problem("erased", "no row of this key may be stored until `glueline erase --lift` is run for it")


def _over(stored: Stored, names: dict[str, str]) -> tuple[str, Item]:
    """Only over this item: what decides about its place in the order is as it was."""
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
