"""Contract -> JSON Schema (draft 2020-12) for the `data` of a change, once `align` has aligned it.

A validator needs `validate_formats=True` and `keywords=KEYWORDS`, and JSON parsed with `parse_float=Decimal`:
then decimals are compared digit by digit. Dates, timestamps and binary (base64) are text.

Standard library only.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from expectations import timestamps
from expectations.align import Op
from expectations.contract import Column, Contract, Limits
from expectations.sequence import greatest_version, to_value

DIALECT = "https://json-schema.org/draft/2020-12/schema"
BASE64 = "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"
# The nearest float or double of a greater number is infinity. Aligned values have at most 17 digits, so no
# value lies between the bound and the next integer.
_FLOAT_MAX, _DOUBLE_MAX = 2**128 - 2**103 - 1, 2**1024 - 2**970 - 1
_INSTANT = {"format": "date-time"}
_SCALARS: dict[str, dict[str, Any]] = {
    "string": {"type": "string"},
    "int": {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1},
    "long": {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1},
    "float": {"type": "number", "minimum": -_FLOAT_MAX, "maximum": _FLOAT_MAX},
    "double": {"type": "number", "minimum": -_DOUBLE_MAX, "maximum": _DOUBLE_MAX},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    # The pattern is checked only if the format is valid, so that no value is reported twice.
    "timestamp": {"type": "string", **_INSTANT, "if": _INSTANT, "then": {"pattern": timestamps.CANONICAL}},
    "binary": {"type": "string", "contentEncoding": "base64", "pattern": BASE64},
}


class FormatMinimum:
    """Keyword `formatMinimum`, one of four limits of dates and timestamps that JSON Schema lacks.

    Canonical texts of instants are in the order of their times once the zone is removed: "…:00" is a prefix
    of "…:00.5".
    """

    expected = "expected {limit} or later, got {given}"

    def __init__(self, parent_schema: dict[str, Any], value: Any, schema_path: list[str | int]) -> None:
        self.limit = str(value)

    def holds(self, given: str, limit: str) -> bool:
        """Whether a value keeps the limit."""
        return given >= limit

    def validate(self, instance: Any) -> None:
        """ValueError if a date or timestamp breaks the limit. Values of other forms break another keyword."""
        if not isinstance(instance, str) or not (
            timestamps.is_canonical(instance) or timestamps.is_date(instance)
        ):
            return
        if not self.holds(instance.removesuffix("Z"), self.limit.removesuffix("Z")):
            raise ValueError(self.expected.format(limit=self.limit, given=instance))


class FormatMaximum(FormatMinimum):
    """Keyword `formatMaximum`."""

    expected = "expected {limit} or earlier, got {given}"

    def holds(self, given: str, limit: str) -> bool:
        return given <= limit


class FormatExclusiveMinimum(FormatMinimum):
    """Keyword `formatExclusiveMinimum`."""

    expected = "expected later than {limit}, got {given}"

    def holds(self, given: str, limit: str) -> bool:
        return given > limit


class FormatExclusiveMaximum(FormatMinimum):
    """Keyword `formatExclusiveMaximum`."""

    expected = "expected earlier than {limit}, got {given}"

    def holds(self, given: str, limit: str) -> bool:
        return given < limit


class DoubleMultipleOf:
    """Keyword `doubleMultipleOf`: `multipleOf` of the double that is nearest to a number, as jobs see it.

    The step is a double itself, so the remainder is exact.
    """

    def __init__(self, parent_schema: dict[str, Any], value: Any, schema_path: list[str | int]) -> None:
        self.step = float(value)

    def validate(self, instance: Any) -> None:
        """ValueError if a number is no multiple. Values beyond doubles break another keyword."""
        if not isinstance(instance, (int, float, Decimal)) or isinstance(instance, bool):
            return
        if -_DOUBLE_MAX <= instance <= _DOUBLE_MAX and math.fmod(float(instance), self.step):
            raise ValueError(f"expected a multiple of {self.step}, got {instance}")


# Texts of instants are compared without their zone, as in FormatMinimum.
_NARROWER: dict[str, Callable[[Any, Any], Any]] = {
    "minimum": max,
    "maximum": min,
    "formatMaximum": lambda one, other: min(one, other, key=lambda text: text.removesuffix("Z")),
}
KEYWORDS: dict[str, type[FormatMinimum | DoubleMultipleOf]] = {
    "formatMinimum": FormatMinimum,
    "formatMaximum": FormatMaximum,
    "formatExclusiveMinimum": FormatExclusiveMinimum,
    "formatExclusiveMaximum": FormatExclusiveMaximum,
    "doubleMultipleOf": DoubleMultipleOf,
}


def data_schema(contract: Contract, op: Op = "upsert") -> dict[str, Any]:
    """The schema of a change's `data`: a whole row, or for a delete at least the key and sequence column."""
    columns = contract.columns
    if op == "upsert":
        required = [column.name for column in columns if column.required]
    else:
        required = [*contract.key, *filter(None, [contract.sequence_column])]
    schema: dict[str, Any] = {"$schema": DIALECT, "title": f"{contract.dataset}.{op}"}
    schema |= _object(columns, required, set(contract.key))
    if (name := contract.sequence_column) is not None:
        _narrow(schema["properties"][name], _end_of_sequence(contract, contract.column(name)))
    return schema


def _object(columns: Iterable[Column], required: list[str], key: set[str]) -> dict[str, Any]:
    columns = tuple(columns)
    return {
        "type": "object",
        "properties": {
            column.name: _value(column, nullable=column.name not in required, key=column.name in key)
            for column in columns
        },
        "required": required,
        "additionalProperties": False,
    }


def _end_of_sequence(contract: Contract, column: Column) -> dict[str, Any]:
    """The limit that excludes the versions reserved for deletes (`expectations.sequence`)."""
    end = to_value(column, greatest_version(contract))
    return {"formatMaximum" if isinstance(end, str) else "maximum": end}


def _value(column: Column, *, nullable: bool, key: bool = False) -> dict[str, Any]:
    schema = dict(_typed(column))
    _narrow(schema, _limited(column))
    if key and column.kind == "string":  # DynamoDB does not accept an empty key
        schema["minLength"] = max(schema.get("minLength", 0), 1)
    if nullable:
        schema["type"] = [schema["type"], "null"]
    if column.limits.enum:
        schema["enum"] = [*column.limits.enum, *([None] if nullable else [])]
        del schema["type"]  # implied by the values; with it, one mistake would be two violations
    if column.limits.not_in:
        schema["not"] = {"enum": [*column.limits.not_in]}
    if column.description:
        schema["description"] = column.description
    if column.has_default:
        schema["default"] = column.default
    return schema


def _narrow(schema: dict[str, Any], limits: Mapping[str, Any]) -> None:
    """Add the limits. If a keyword has two, of the type and of the contract, the narrower one stays."""
    for keyword, limit in limits.items():
        has_two = keyword in schema and keyword in _NARROWER
        schema[keyword] = _NARROWER[keyword](schema[keyword], limit) if has_two else limit


def _typed(column: Column) -> dict[str, Any]:
    match column.kind:
        case "decimal":
            return _decimal(*column.precision_scale)
        case "struct":
            return _object(column.fields, [field.name for field in column.fields if field.required], set())
        case "list":
            (element,) = column.fields
            return {"type": "array", "items": _value(element, nullable=not element.required)}
    return _SCALARS[column.kind]


def _decimal(precision: int, scale: int) -> dict[str, Any]:
    """The range and step of a decimal type, as values that jsonschema-rs compares digit by digit.

    These are an int, and a Decimal with a fraction. It compares as floats if a limit is a float, or if
    `multipleOf` is a Decimal without fraction.
    """
    if scale == 0:
        return {"type": "integer", "minimum": 1 - 10**precision, "maximum": 10**precision - 1}
    largest = Decimal((0, (9,) * precision, -scale))
    step = Decimal((0, (1,), -scale))
    return {"type": "number", "minimum": largest.copy_negate(), "maximum": largest, "multipleOf": step}


def _limited(column: Column) -> dict[str, Any]:
    limits = column.limits
    given: dict[str, Any] = {
        "minLength": limits.min_length,
        "maxLength": limits.max_length,
        "pattern": limits.pattern,
        "minItems": limits.min_items,
        "maxItems": limits.max_items,
        "doubleMultipleOf" if column.kind == "double" else "multipleOf": _exact(limits.multiple_of),
        **_range(column, limits),
    }
    return {keyword: limit for keyword, limit in given.items() if limit is not None}


def _range(column: Column, limits: Limits) -> dict[str, Any]:
    bounds = {
        "minimum": limits.minimum,
        "maximum": limits.maximum,
        "exclusiveMinimum": limits.exclusive_minimum,
        "exclusiveMaximum": limits.exclusive_maximum,
    }
    if column.kind in ("date", "timestamp"):
        return {f"format{keyword[0].upper()}{keyword[1:]}": limit for keyword, limit in bounds.items()}
    return {keyword: _exact(limit) for keyword, limit in bounds.items()}


def _exact(limit: int | float | str | None) -> int | Decimal | str | None:
    if not isinstance(limit, float):
        return limit
    return int(limit) if limit.is_integer() else Decimal(repr(limit))
