"""The two forms of structs and lists, JSON variants and DynamoDB attributes, and how to read each."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from pyspark.sql import Column as Expression
from pyspark.sql import functions as F

from expectations.contract import Column
from expectations.spellings import spellings
from jobs.changes import json_values
from jobs.changes.reasons import shown
from jobs.changes.types import ATTRIBUTE, ITEM, attribute_text, trimmed

_SET_TAGS = {"SS": "S", "NS": "N", "BS": "B"}


@dataclass(frozen=True, slots=True)
class Form:
    """How to take values of one form apart."""

    members: Callable[[Expression], Expression]  # of an object, by name; null for any other value
    items: Callable[[Expression], Expression]  # of an array or set; null for any other value
    is_set: Callable[[Expression], Expression]
    is_null: Callable[[Expression], Expression]
    text: Callable[[Column, Expression], Expression]  # of a scalar, trimmed; null if it is of another type
    shown: Callable[[Column, Expression], Expression]
    spellings: Callable[[Iterable[Column]], Mapping[str, Sequence[str]]]  # column -> names it may have


def _variant_text(column: Column, given: Expression) -> Expression:
    is_taken = json_values.is_taken(column, json_values.json_type(column, given))
    return F.when(is_taken, trimmed(given.cast("string")))


def _shown_variant(column: Column, given: Expression) -> Expression:
    return json_values.shown_json(column, given.cast("string"), json_values.json_type(column, given))


def _attribute_items(attribute: Expression) -> Expression:
    of_sets = [
        F.transform(F.from_json(attribute[tag], "array<string>"), _tagged(inner))
        for tag, inner in _SET_TAGS.items()
    ]
    return F.coalesce(F.from_json(attribute["L"], f"array<{ATTRIBUTE}>"), *of_sets)


def _tagged(tag: str) -> Callable[[Expression], Expression]:
    return lambda text: F.create_map(F.lit(tag), text)


JSON = Form(
    members=json_values.members,
    items=json_values.items,
    is_set=lambda _: F.lit(False),
    is_null=json_values.is_null,
    text=_variant_text,
    shown=_shown_variant,
    spellings=spellings,
)
ATTRIBUTES = Form(
    members=lambda attribute: F.from_json(attribute["M"], ITEM),
    items=_attribute_items,
    is_set=lambda attribute: attribute["L"].isNull(),
    is_null=lambda attribute: attribute.isNull() | attribute["NULL"].isNotNull(),
    text=attribute_text,
    shown=lambda _, attribute: shown(F.to_json(attribute)),
    spellings=lambda columns: {column.name: (column.name,) for column in columns},
)
