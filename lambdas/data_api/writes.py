"""The DynamoDB write that a change becomes, and what it relies on. No AWS in here.

Every write is one conditional call. Two writers may race: each has a condition on the version it replaces,
so the older is refused in whatever order they arrive, and doing a write again changes nothing.
"""

from dataclasses import dataclass
from typing import Any, Self

from lambdas.data_api.changes import Change, sequence_item
from lambdas.data_api.items import DELETED, EVENT_ID, EXPIRES_AT, KEY, VERSION, Item

KEEP_DELETED_SECONDS = 7 * 24 * 3600

_MISSING = "attribute_not_exists(#version)"
_LIVE = "(attribute_exists(#version) AND attribute_not_exists(#deleted))"
_NOT_LIVE = "(attribute_not_exists(#version) OR attribute_exists(#deleted))"


@dataclass(frozen=True, slots=True)
class Stored:
    """What the table holds under a key: a row, or the mark of a deleted one."""

    item: Item

    @classmethod
    def of(cls, item: Item | None) -> Self | None:
        """None if there is no item."""
        return cls(item) if item else None

    @property
    def version(self) -> int:
        """Its place in the order of changes; an item that was not written by the API comes first."""
        return int(self.item.get(VERSION, {"N": "0"})["N"])

    @property
    def is_live(self) -> bool:
        """Whether it is a row."""
        return DELETED not in self.item


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a writer relies on finding: a row, none, or one of these versions of it."""

    live: bool | None = None
    versions: frozenset[int] | None = None

    def holds(self, stored: Stored | None) -> bool:
        """Whether this is what was expected."""
        if self.versions is not None:
            return stored is not None and stored.is_live and stored.version in self.versions
        return self.live in (None, stored is not None and stored.is_live)


ANYTHING = Expectation()


@dataclass(frozen=True, slots=True)
class Write:
    """A change with its version, ready for DynamoDB."""

    change: Change
    version: int
    expected: Expectation
    expires_at: int  # when a deleted item may go, in seconds since the epoch

    @property
    def item(self) -> Item:
        """The attributes that the write sets."""
        change = self.change
        stamped = sequence_item(change.contract, self.version) if change.version is None else {}
        marks: Item = {VERSION: {"N": str(self.version)}, EVENT_ID: {"S": change.event_id}}
        if change.op == "delete":
            marks |= {DELETED: {"BOOL": True}, EXPIRES_AT: {"N": str(self.expires_at)}}
        return {**change.item, **stamped, **marks}

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
            "ExpressionAttributeValues": condition["ExpressionAttributeValues"]
            | {f":s{place}": value for place, (_, value) in sets},
        }

    def transact(self, table: str) -> dict[str, Any]:
        """The write as part of a transaction."""
        return {"Put": self.put(table)} if self.change.op == "upsert" else {"Update": self.mark(table)}

    def _condition(self) -> dict[str, Any]:
        """Only over what is older; or as old, if the sender gave the version: a message may come twice."""
        comparison = "<=" if self.change.version is not None else "<"
        terms = [f"({_MISSING} OR #version {comparison} :version)"]
        values: Item = {":version": {"N": str(self.version)}}
        if self.expected.versions is not None:
            versions = enumerate(sorted(self.expected.versions))
            expected = {f":e{place}": {"N": str(version)} for place, version in versions}
            values |= expected
            terms += [_LIVE, f"#version IN ({', '.join(expected)})"]
        elif self.expected.live is not None:
            terms.append(_LIVE if self.expected.live else _NOT_LIVE)
        condition = " AND ".join(terms)
        names = {"#version": VERSION, "#deleted": DELETED}
        return {
            "ConditionExpression": condition,
            "ExpressionAttributeNames": {name: names[name] for name in names if name in condition},
            "ExpressionAttributeValues": values,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
