"""Which items of a DynamoDB table are rows of a dataset, where a table has items of several datasets.

An *entity* is a tuple of conditions on attributes of the item itself, all of which hold for its items. A
condition of kind `format` describes a whole attribute of the key, with the columns of the dataset's key in
braces: `CUSTOMER#{customer_id}`. A value in braces has one character at least, and no delimiter. So an
attribute has one reading at most, and two items never are one row. Standard library only: the forwarder
imports this.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, Literal, Self

type Item = Mapping[str, Any]  # attributes in DynamoDB's JSON
type Entity = tuple[Condition, ...]
type Kind = Literal["prefix", "equals", "format"]

KINDS: tuple[Kind, ...] = ("prefix", "equals", "format")
_PLACE = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition on one attribute.

    `value` is a text; that of `equals` may be a whole number or a boolean.
    """

    attribute: str
    kind: Kind
    value: str | int | bool
    delimiter: str = "#"  # of a format

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """The condition from JSON values."""
        return cls(**plain)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns in braces of a format, in order."""
        return tuple(_PLACE.findall(str(self.value))) if self.kind == "format" else ()

    @property
    def tag(self) -> str:
        """The type of the attribute: S, N or BOOL."""
        return "BOOL" if isinstance(self.value, bool) else "N" if isinstance(self.value, int) else "S"

    @property
    def text(self) -> str:
        """The value as the text that Spark has of an attribute."""
        return str(self.value).lower() if isinstance(self.value, bool) else str(self.value)

    def holds(self, item: Item) -> bool:
        """Whether the item has the attribute, and it is as the condition says."""
        found = item.get(self.attribute, {}).get(self.tag)
        if found is None:
            return False
        match self.kind:
            case "prefix":
                return str(found).startswith(self.text)
            case "equals":
                return (str(found).lower() if self.tag == "BOOL" else str(found)) == self.text
            case "format":
                return self.read(str(found)) is not None

    def read(self, text: str) -> dict[str, str] | None:
        """Column -> its value in an attribute of this format; None if the attribute has another one."""
        found = re.fullmatch(expression(self), text)
        return None if found is None else dict(zip(self.columns, found.groups(), strict=True))

    def write(self, values: Mapping[str, Any]) -> str | None:
        """The attribute that has these values of columns; None if there is none, which `read` would read."""
        text = _PLACE.sub(lambda place: str(values[place[1]]), str(self.value))
        return text if self.read(text) == {name: values[name] for name in self.columns} else None


@cache
def expression(condition: Condition) -> str:
    """The regular expression of a format, with a group for each column, as Python and Java read it alike."""
    literals = _PLACE.split(str(condition.value))[0::2]
    return f"([^{re.escape(condition.delimiter)}]+)".join(map(re.escape, literals))


def claims(entity: Entity, item: Item) -> bool:
    """Whether the item is of the entity; every item is, if it has no conditions."""
    return all(condition.holds(item) for condition in entity)


def formats(entity: Entity) -> dict[str, Condition]:
    """Attribute of the key -> the condition that describes it."""
    return {one.attribute: one for one in entity if one.kind == "format"}


def entity_from(plain: Iterable[Mapping[str, Any]]) -> Entity:
    """The entity from JSON values."""
    return tuple(map(Condition.from_dict, plain))


def are_disjoint(one: Entity, other: Entity) -> bool:
    """Whether it is certain that no item is of both entities, whatever its values."""
    return any(_exclude(a, b) for a in one for b in other if a.attribute == b.attribute)


def _exclude(one: Condition, other: Condition) -> bool:
    """Whether no attribute is as both conditions say. False if that is not certain."""
    if one.tag != other.tag:
        return True
    for exact, condition in ((one, other), (other, one)):
        if exact.kind == "equals" or not (exact.kind == "prefix" or exact.columns):
            value = exact.value if exact.tag == "BOOL" else exact.text
            return not condition.holds({exact.attribute: {exact.tag: value}})
    if "prefix" not in (one.kind, other.kind) and one.delimiter == other.delimiter:
        return _have_other_parts(one, other)
    return not _may_both_begin(_head(one.text), _head(other.text))


def _have_other_parts(one: Condition, other: Condition) -> bool:
    """Whether two formats differ in the number of parts, or in one of them. Values have no delimiter."""
    parts, others = (each.text.split(each.delimiter) for each in (one, other))
    return len(parts) != len(others) or any(map(_differ, parts, others))


def _differ(part: str, other: str) -> bool:
    """Whether no text between two delimiters is as both parts say; each has one column at most."""
    if "{" not in part and "{" not in other:
        return part != other
    if "{" in part and "{" in other:
        ends = (part[::-1].partition("}")[0], other[::-1].partition("}")[0])
        return not _may_both_begin(_head(part), _head(other)) or not _may_both_begin(*ends)
    text, (head, _, rest) = (other, part.partition("{")) if "{" in part else (part, other.partition("{"))
    tail = rest.partition("}")[2]
    return not (text.startswith(head) and text.endswith(tail) and len(text) > len(head) + len(tail))


def _may_both_begin(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def _head(text: str) -> str:
    return text.partition("{")[0]


def problems_of_format(condition: Condition) -> Iterator[str]:
    """What keeps a format from having one reading."""
    text, delimiter = str(condition.value), condition.delimiter
    literals = _PLACE.split(text)[0::2]
    if any("{" in literal or "}" in literal for literal in literals):
        yield "a column in each pair of braces"
    if any(delimiter not in literal for literal in literals[1:-1]):
        yield f"the delimiter {delimiter} between two columns"
    if len({*condition.columns}) != len(condition.columns):
        yield "each column once"
