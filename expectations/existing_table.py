"""Where the items of a dataset are: in a table that the stack makes, or in one that others own.

`OwnTable` and `ExistingTable` answer the same questions, so that few places have to know which one it is.
Keys of items are in `expectations.item_keys` and `expectations.item_addresses`. Standard library only, as
every cold start of a Lambda imports this.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import inf
from typing import Any, ClassVar, Self

from expectations.entities import Condition, Entity, Item, claims, entity_from, formats

type Pairs = tuple[tuple[str, str], ...]
type Entities = tuple[tuple[str, Entity], ...]
type Path = tuple[str | int, ...]  # names of attributes and places in lists, from the item inwards

# A name, bare or in quotes, or a place in a list; as in expressions of DynamoDB, which has no quotes.
_STEP = re.compile(
    r"""(?:^|(?<=.)[.])(?:"(?P<quoted>[^"]+)"|(?P<name>[^."\[\]]+))|\[(?P<place>[0-9]{1,6})\]"""
)


@dataclass(frozen=True, slots=True)
class OwnTable:
    """The table of one dataset that the stack makes.

    The Data API writes its items: columns as attributes, with key text, version and marks of deletes.
    """

    is_own: ClassVar[bool] = True
    most_key_bytes: ClassVar[float] = 2048  # of key texts: a hash key of DynamoDB has no more
    keys: ClassVar[Pairs] = (("_key", "S"),)
    entity: ClassVar[Entity] = ()
    entities: ClassVar[Entities] = ()
    datasets: ClassVar[tuple[str, ...]] = ()

    def name_in(self, prefix: str, dataset: str) -> str:
        """The name of the table; `prefix` is that of the tables that the stack makes."""
        return prefix + dataset

    def claims(self, item: Item) -> bool:
        """Whether the item is a row of the dataset."""
        return True

    def is_claimed(self, item: Item) -> bool:
        """Whether the item is a row of one of the datasets of the table."""
        return True

    def item_of_row(self, item: dict[str, Any]) -> dict[str, Any]:
        """The item with the columns as attributes."""
        return item

    def to_dict(self) -> None:
        """Its JSON value: nothing about it is declared."""


@dataclass(frozen=True, slots=True)
class ExistingTable:
    """A table that exists without the stack; Glueline reads it and never writes to it.

    Its items have no version and no marks. The key texts of its items are not stored, so they may be longer.
    """

    is_own: ClassVar[bool] = False
    most_key_bytes: ClassVar[float] = inf

    name: str
    keys: Pairs  # attribute and type (S, N or B) of the partition key, then the sort key
    attributes: Pairs  # column, and the path of its attribute in the item
    region: str | None = None  # that of the stack if there is none
    account: str | None = None  # likewise
    entity: Entity = ()  # the conditions on its items that are rows of the dataset; none if all are
    # Dataset and conditions of each dataset that has items in the table, this one included, where items of
    # several datasets are in it.
    entities: Entities = ()

    def name_in(self, prefix: str, dataset: str) -> str:
        """The name of the table."""
        return self.name

    @property
    def datasets(self) -> tuple[str, ...]:
        """The datasets that have items in the table, if its contract says which items are its own."""
        return tuple(dataset for dataset, _ in self.entities)

    @property
    def part_columns(self) -> dict[str, Condition]:
        """Column -> the format of the attribute of the key that it is a part of."""
        return {column: one for one in formats(self.entity).values() for column in one.columns}

    @property
    def conditions_on_key(self) -> Entity:
        """The conditions that an item meets for as long as it exists."""
        names = {name for name, _ in self.keys}
        return tuple(one for one in self.entity if one.attribute in names)

    @property
    def may_lose_items(self) -> bool:
        """Whether an item can become one of another entity, as an attribute outside of the key decides."""
        return self.conditions_on_key != self.entity

    def claims(self, item: Item) -> bool:
        """Whether the item is a row of the dataset."""
        return claims(self.entity, item)

    def is_claimed(self, item: Item) -> bool:
        """Whether the item is a row of one of the datasets of the table."""
        return not self.entities or any(claims(entity, item) for _, entity in self.entities)

    def paths(self) -> dict[str, Path]:
        """Column -> where its attribute is in an item."""
        return {column: read_path(text) for column, text in self.attributes}

    def item_of_row(self, item: dict[str, Any]) -> dict[str, Any]:
        """The item with the columns as attributes; columns that the item does not have are left out."""
        parts = self.part_columns
        found = {
            column: _part(item, parts[column], column) if column in parts else _attribute(item, path)
            for column, path in self.paths().items()
        }
        return {column: attribute for column, attribute in found.items() if attribute is not None}

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """The table from JSON values."""
        pairs: dict[str, Any] = {
            name: tuple((one, two) for one, two in plain[name]) for name in ("keys", "attributes")
        }
        pairs["entity"] = entity_from(plain.get("entity", ()))
        pairs["entities"] = tuple((name, entity_from(one)) for name, one in plain.get("entities", ()))
        return cls(**{**plain, **pairs})


type ItemTable = OwnTable | ExistingTable

OWN_TABLE = OwnTable()


def table_from(plain: Mapping[str, Any] | None) -> ItemTable:
    """The table from the value of `to_dict`."""
    return OWN_TABLE if plain is None else ExistingTable.from_dict(plain)


def read_path(text: str) -> Path:
    """The steps of a path such as `address.city`, `lines[0].sku` or `"a.b"`. ValueError if it is none.

    >>> read_path('lines[0]."unit.price"')
    ('lines', 0, 'unit.price')
    """
    steps: list[str | int] = []
    end = 0
    for found in _STEP.finditer(text):
        if found.start() != end:
            break
        place = found["place"]
        steps.append(found["quoted"] or found["name"] if place is None else int(place))
        end = found.end()
    if end != len(text) or not steps or isinstance(steps[0], int):
        raise ValueError(f"no path of an attribute: {text!r}")
    return tuple(steps)


def _part(item: Item, condition: Condition, column: str) -> dict[str, str] | None:
    """A part of a key's attribute, as an attribute; None if the attribute has another format."""
    parts = condition.read(str(item.get(condition.attribute, {}).get("S", "")))
    return None if parts is None else {"S": parts[column]}


def _attribute(item: Item, path: Path) -> Any:
    """The attribute at a path; None if there is none."""
    first, *inner = path
    found = item.get(str(first))
    for step in inner:
        if found is None:
            return None
        if isinstance(step, int):
            elements = found.get("L", ())
            found = elements[step] if step < len(elements) else None
        else:
            found = found.get("M", {}).get(step)
    return found
