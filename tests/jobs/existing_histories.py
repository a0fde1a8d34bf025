"""Histories of keys of existing tables, whose writers know nothing of Glueline.

Puts, updates, deletes, expiries by TTL and re-creations, many of them within one second, with a stream of
either view, full exports, and windows that end at a whole second or within one.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from expectations.contract import Column, Contract, Partition
from expectations.entities import Condition
from expectations.existing_table import ExistingTable
from lambdas.forwarder.existing_tables import record_of
from tests.jobs.histories import TEXTS, Delivery, Item, Kind, State, Table
from tests.model import Change

SECOND = 1_000_000
TTL = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}

# Partition key and sort key, attributes of other names and inside of others, a partition that moves.
LEDGER = Contract(
    dataset="ledger",
    version="1.0.0",
    description="Entries of accounts, in a table of an application.",
    columns=(
        Column("account", "string", required=True),
        Column("entry", "decimal(20,2)", required=True),
        Column("place", "string"),
        Column("name", "string"),
    ),
    key=("account", "entry"),
    partitions=(Partition("place", "identity"),),
    table=ExistingTable(
        "Ledger",
        (("Account", "S"), ("Entry", "N")),
        (
            ("account", "Account"),
            ("entry", "Entry"),
            ("place", "where[0].place"),
            ("name", 'detail."the.name"'),
        ),
    ),
)
ACCOUNTS = ("a", " a", "a ", "a,b", "\u00e4/%", "_key", *TEXTS[:3])

# A partition key of bytes, and nothing else that is a key.
BLOBS = Contract(
    dataset="blobs",
    version="1.0.0",
    description="Something that is known by its hash.",
    columns=(Column("digest", "binary", required=True), Column("name", "string")),
    key=("digest",),
    partitions=(Partition("digest", "bucket[2]"),),
    table=ExistingTable("Blobs", (("digest", "B"),), (("digest", "digest"), ("name", "_version"))),
)
DIGESTS = ("+/8=", "AA==", "AAA=", "/w==", "aGVsbG8gd29ybGQh")


# Items of one dataset among those of others: a type, which may change, and keys of several parts.
TICKETS = Contract(
    dataset="tickets",
    version="1.0.0",
    description="Tickets of customers, in a table with much else.",
    columns=(
        Column("customer", "string", required=True),
        Column("ticket", "string", required=True),
        Column("line", "string", required=True),
        Column("place", "string"),
        Column("name", "string"),
    ),
    key=("ticket", "line", "customer"),
    partitions=(Partition("place", "identity"),),
    table=ExistingTable(
        "App",
        (("pk", "S"), ("sk", "S")),
        (
            *(("customer", '"pk"'), ("ticket", '"sk"'), ("line", '"sk"')),
            *(("place", "place"), ("name", "inner.name")),
        ),
        entity=(
            Condition("pk", "format", "CUSTOMER#{customer}"),
            Condition("sk", "format", "TICKET#{ticket}#LINE#{line}!"),
            Condition("type", "equals", "Ticket"),
        ),
    ),
)

# The same of one part of the partition key, beside a sort key that is always the same.
PROFILES = Contract(
    dataset="profiles",
    version="1.0.0",
    description="Profiles of customers, in the same table.",
    columns=(Column("customer", "string", required=True), Column("name", "string")),
    key=("customer",),
    partitions=(Partition("customer", "bucket[2]"),),
    table=ExistingTable(
        "App",
        (("pk", "S"), ("sk", "S")),
        (("customer", '"pk"'), ("name", "inner.name")),
        entity=(
            Condition("pk", "format", "CUSTOMER|{customer}", "|"),
            Condition("sk", "format", "PROFILE"),
            Condition("flag", "equals", True),
        ),
    ),
)
CUSTOMERS = ("a", " a", "a ", "a,b", "\u00e4/%", "\n.*$", *TEXTS[:3])


@dataclass(frozen=True)
class ExistingKind(Kind):
    """A contract of an existing table, and how its owner writes items."""

    def columns(self, key: int, state: State, at: int) -> dict[str, Any]:
        raise NotImplementedError  # drops

    def image(self, key: int, item: Item) -> dict[str, Any]:
        """An item as its owner writes it, with attributes that look like those of Glueline."""
        text = {"S": str(item.state.value)}
        own = {
            "_deleted": {"BOOL": True},
            "_erased": {"BOOL": True},
            "_key": {"S": "x"},
            "expires": {"N": "1"},
        }
        if self.contract is BLOBS:
            return self.item_key(key) | own | {"_version": text}
        place = {"S": f"p{item.state.place}"}
        return (
            self.item_key(key)
            | own
            | {"_version": {"N": "9" * 18}}
            | {"where": {"L": [{"M": {"place": place}}]}, "detail": {"M": {"the.name": text}}}
        )

    def item_key(self, key: int) -> dict[str, Any]:
        """The key of the item in DynamoDB's JSON."""
        if self.contract is BLOBS:
            return {"digest": {"B": self.keys[key]}}
        return {"Account": {"S": self.keys[key]}, "Entry": {"N": str(key)}}

    def key(self, key: int) -> tuple[Any, ...]:
        return (self.keys[key],) if self.contract is BLOBS else (self.keys[key], Decimal(key))

    def table(self, key: int, sequence: int) -> "OwnersTable":
        return OwnersTable(self, key, sequence)


@dataclass
class OwnersTable(Table):
    """One key of an existing table."""

    kind: ExistingKind

    def write(self, op: str, state: State, *, begins_anew: bool = False) -> Delivery | None:
        """The record of a write; `begins_anew` is a stream without old images."""
        old = self.item
        new = Item(state, 0, None) if op in ("put", "foreign") else None
        if new is None and old is None:
            return None
        self.past.append((self.now, new))
        delivery = self._record(old, new, len(self.past))
        payload = delivery.payload
        shown = {**payload, "dynamodb": {**payload["dynamodb"], "Keys": self.kind.item_key(self.key)}}
        if op == "mark":
            shown["userIdentity"] = TTL
        change = delivery.change
        if begins_anew:
            shown["dynamodb"].pop("OldImage", None)
            if new is None:
                change = change._replace(row=self.kind.compared(None, "stream", change.row.updated_at))
        return replace(delivery, payload=shown, change=change)

    def sequence_number(self, number: int) -> int:
        """Of a record. They grow, and have more and more digits, as no text orders them."""
        return int((self.sequence + number) * 10 ** (20 + min(number, 12)))

    def window(self, since: int, *, old_images: bool) -> Delivery | None:
        """A line of a window that ends now, within a second, or at the next whole second."""
        before, after = self.past[min(since, len(self.past) - 1)][1], self.item
        written = self.past[-1][0]
        if since >= len(self.past) - 1 or (before is None and after is None):
            return None
        if since % 2:
            self.now = (self.now // SECOND + 1) * SECOND
        end = self.now + 1 - since % 2
        second = written // SECOND * SECOND
        version = written if second + SECOND <= end else second
        payload: dict[str, Any] = {
            "Metadata": {"WriteTimestampMicros": {"N": str(written)}},
            "Keys": self.kind.item_key(self.key),
        }
        images = {"NewImage": after, "OldImage": before if old_images else None}
        payload |= {name: self.kind.image(self.key, one) for name, one in images.items() if one is not None}
        after, known = (self.claimed(one) for one in (after, images["OldImage"]))
        op = "delete" if after is None else "upsert"
        shown = after if after is not None else known
        state = None if shown is None else shown.state
        return Delivery("export", payload, end, self._change(op, version, None, state, "export", written))

    def claimed(self, item: Item | None) -> Item | None:
        """The item, if it is one of the dataset."""
        return item

    def drop(self, op: str, state: State, back: int, *, whole: bool) -> Delivery | None:  # type: ignore[override]
        """Nobody drops files of it, so that the lake has to hold the items themselves."""
        return None

    def put_back(self) -> Delivery | None:
        delivery = super().put_back()
        if delivery is None:
            return None
        record = delivery.payload["dynamodb"] | {"Keys": self.kind.item_key(self.key)}
        return replace(delivery, payload={**delivery.payload, "dynamodb": record})


@dataclass(frozen=True)
class SharedKind(ExistingKind):
    """A contract of some items of an existing table; those of one place are of no dataset, or of another."""

    def is_claimed(self, item: Item | None) -> bool:
        """Whether the item is one of the dataset."""
        return item is not None and item.state.place < 2

    def image(self, key: int, item: Item) -> dict[str, Any]:
        own = {"_version": {"N": "1"}, "_deleted": {"BOOL": True}, "_erased": {"BOOL": True}}
        is_mine = self.is_claimed(item)
        name = {"S": str(item.state.value)}
        image = self.item_key(key) | own | {"inner": {"M": {"name": name}}}
        image |= {"place": {"S": f"p{item.state.place}"}, "flag": {"BOOL": is_mine}}
        if not is_mine and item.state.value % 2:
            return image
        return image | {"type": {"S": "Ticket" if is_mine else "Ticket2"}}

    def item_key(self, key: int) -> dict[str, Any]:
        customer = self.keys[key]
        if self.contract is PROFILES:
            return {"pk": {"S": f"CUSTOMER|{customer}"}, "sk": {"S": "PROFILE"}}
        return {"pk": {"S": f"CUSTOMER#{customer}"}, "sk": {"S": f"TICKET#{customer}#LINE#{key}!"}}

    def key(self, key: int) -> tuple[Any, ...]:
        customer = self.keys[key]
        return (customer,) if self.contract is PROFILES else (customer, str(key), customer)

    def table(self, key: int, sequence: int) -> "OwnersTable":
        return SharedTable(self, key, sequence)


@dataclass
class SharedTable(OwnersTable):
    """One key of a table with items of several datasets, as one of these gets it from the forwarder."""

    kind: SharedKind

    def write(self, op: str, state: State, *, begins_anew: bool = False) -> Delivery | None:
        """The record that the dataset gets; its stream has both images, as its items may become others'."""
        delivery = super().write(op, state)
        if delivery is None:
            return None
        payload = record_of(self.kind.contract.table.entity, delivery.payload)
        return None if payload is None else replace(delivery, payload=payload)

    def _of_record(self, old: Item | None, new: Item | None, tie: str) -> Change:
        if not self.kind.is_claimed(old) and not self.kind.is_claimed(new):
            return Change("", "upsert", 0, "")  # of another dataset, and not delivered
        return super()._of_record(self.claimed(old), self.claimed(new), tie)

    def claimed(self, item: Item | None) -> Item | None:
        return item if self.kind.is_claimed(item) else None

    def full_export(self) -> Delivery | None:
        return super().full_export() if self.kind.is_claimed(self.item) else None

    def put_back(self) -> Delivery | None:
        return super().put_back() if self.kind.is_claimed(self.item) else None


EXISTING = (
    SharedKind(TICKETS, lambda place: f"p{place}", "name", CUSTOMERS),
    SharedKind(PROFILES, None, "name", CUSTOMERS),
    ExistingKind(LEDGER, lambda place: f"p{place}", "name", ACCOUNTS),
    ExistingKind(BLOBS, None, "name", DIGESTS),
)


def items_at_last(deliveries: Iterable[Delivery]) -> dict[str, tuple[Any, Any]]:
    """Key text -> place and value of each item that the table holds after all its records."""
    newest: dict[str, Change] = {}
    for one in deliveries:
        if one.door == "stream":
            before = newest.get(one.change.key)
            newest[one.change.key] = max(one.change, before or one.change, key=lambda change: change.tie)
    return {
        key: (change.row.place, change.row.value) for key, change in newest.items() if change.op == "upsert"
    }
