"""A DynamoDB table that others own, as the contract of a dataset names it.

Standard library only, as every cold start of a Lambda imports this.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from expectations.entities import Condition, Entity, Item, claims, entity_from, formats

type Path = tuple[str | int, ...]  # names of attributes and places in lists, from the item inwards

# A name, bare or in quotes, or a place in a list; as in expressions of DynamoDB, which has no quotes.
_STEP = re.compile(
    r"""(?:^|(?<=.)[.])(?:"(?P<quoted>[^"]+)"|(?P<name>[^."\[\]]+))|\[(?P<place>[0-9]{1,6})\]"""
)


@dataclass(frozen=True, slots=True)
class ExistingTable:
    """A table that exists without the stack; Glueline reads it and never writes to it."""

    name: str
    keys: tuple[
        tuple[str, str], ...
    ]  # attribute and type (S, N or B) of the partition key, then the sort key
    attributes: tuple[tuple[str, str], ...]  # column, and the path of its attribute in the item
    region: str | None = None  # that of the stack if there is none
    account: str | None = None  # likewise
    entity: Entity = ()  # the conditions on its items that are rows of the dataset; none if all are
    # Dataset and conditions of each dataset that has items in the table, this one included, where items of
    # several datasets are in it.
    entities: tuple[tuple[str, Entity], ...] = ()

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

    def attributes_of_row(self, item: Item) -> dict[str, Any]:
        """Column -> its attribute in the item; columns that the item does not have are left out."""
        parts = self.part_columns
        found = {
            column: _part(item, parts[column], column) if column in parts else _attribute(item, path)
            for column, path in self.paths().items()
        }
        return {column: attribute for column, attribute in found.items() if attribute is not None}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """The table from JSON values."""
        pairs: dict[str, Any] = {
            name: tuple((one, two) for one, two in plain[name]) for name in ("keys", "attributes")
        }
        pairs["entity"] = entity_from(plain.get("entity", ()))
        pairs["entities"] = tuple((name, entity_from(one)) for name, one in plain.get("entities", ()))
        return cls(**{**plain, **pairs})


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
