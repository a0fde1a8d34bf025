"""A DynamoDB table that others own, as the contract of a dataset names it.

Standard library only, as every cold start of a Lambda imports this.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

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

    def paths(self) -> dict[str, Path]:
        """Column -> where its attribute is in an item."""
        return {column: read_path(text) for column, text in self.attributes}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """The table from JSON values."""
        pairs = {name: tuple((one, two) for one, two in plain[name]) for name in ("keys", "attributes")}
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
