"""ODCS schema properties -> columns."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from open_data_contract_standard.model import CustomProperty, SchemaProperty

from expectations import timestamps
from expectations.contract import Column, Limits
from expectations.odcs_types import FORMATS, LOGICAL, UnknownType, logical_type, physical_type
from expectations.problems import Findings

NAME = re.compile(r"[a-z][a-z0-9_]*")
COLUMN_PROPERTIES = ("aliases", "default", "partitionTransform")
_OPTIONS = {  # logicalTypeOptions by kind -> field of Limits
    "string": {"minLength": "min_length", "maxLength": "max_length", "pattern": "pattern"},
    "list": {"minItems": "min_items", "maxItems": "max_items"},
}
_RANGE = {
    "minimum": "minimum",
    "maximum": "maximum",
    "exclusiveMinimum": "exclusive_minimum",
    "exclusiveMaximum": "exclusive_maximum",
}
_DEFAULTS = {  # kind -> types of a default in YAML
    "string": (str,),
    "boolean": (bool,),
    "int": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "decimal": (int, float),
}
_RANGED = ("int", "long", "float", "double", "decimal", "date", "timestamp")


def read_columns(properties: Sequence[SchemaProperty], path: str, findings: Findings) -> tuple[Column, ...]:
    """The columns of a schema object or struct; one with problems goes to findings, and may be left out."""
    columns: list[Column] = []
    for index, prop in enumerate(properties):
        column = read_column(prop, f"{path}[{index}]", findings)
        if column is None:
            continue
        if any(column.name == other.name for other in columns):
            findings.add(
                f"{path}[{index}].name",
                "unique-name",
                f"expected unique names, got {column.name!r} twice; rename",
            )
            continue
        columns.append(column)
    _check_aliases(columns, path, findings)
    return tuple(columns)


def read_column(
    prop: SchemaProperty, path: str, findings: Findings, name: str | None = None
) -> Column | None:
    """One property as a column; `name` is given for a list's element, which has none of its own."""
    name = name or _read_name(prop, path, findings)
    kind = _read_type(prop, path, findings)
    if name is None or kind is None:
        return None
    column = Column(
        name=name,
        type=kind,
        required=bool(prop.required),
        classification=prop.classification,
        description=" ".join((prop.description or "").split()),
    )
    column = _with_fields(column, prop, path, findings)
    column = replace(column, limits=_read_limits(column, prop.logicalTypeOptions or {}, path, findings))
    return _with_custom(column, prop, path, findings)


def given_position(position: int | None) -> int | None:
    """The position of a key or partition column, if one is given: the standard's default of -1 is none."""
    return None if position == -1 else position


def custom_properties(
    given: Iterable[CustomProperty] | None, known: Sequence[str], path: str, findings: Findings
) -> dict[str, tuple[Any, str]]:
    """Known custom property -> (value, path). Others are for other tools, but a near miss is an error."""
    found: dict[str, tuple[Any, str]] = {}
    for index, custom in enumerate(given or ()):
        where = f"{path}.customProperties[{index}]"
        name = custom.property or ""
        if name in found:
            findings.add(f"{where}.property", "duplicate-field", f"expected {name} once; keep one of them")
        elif name in known:
            found[name] = (custom.value, f"{where}.value")
        elif close := get_close_matches(name, known, n=1, cutoff=0.8):
            findings.add(
                f"{where}.property", "unknown-field", f"expected {close[0]}, got {name!r}; correct the name"
            )
    return found


def is_pattern(text: object) -> bool:
    """Whether the value is a regular expression."""
    if not isinstance(text, str):
        return False
    try:
        re.compile(text)
    except re.error:
        return False
    return True


def _read_name(prop: SchemaProperty, path: str, findings: Findings) -> str | None:
    name = prop.name or ""
    if name.startswith("_"):
        message = f"expected a name without leading underscore, got {name!r}; those are reserved: rename it"
        findings.add(f"{path}.name", "reserved-name", message)
        return None
    if not NAME.fullmatch(name):
        message = (
            f"expected a lower-case name like order_id, got {name!r}; rename (other spellings can be aliases)"
        )
        findings.add(f"{path}.name", "column-name", message)
        return None
    return name


def _read_type(prop: SchemaProperty, path: str, findings: Findings) -> str | None:
    logical, physical = prop.logicalType, prop.physicalType
    if logical is None and physical is None:
        findings.add(path, "known-type", "expected a physicalType or a logicalType, got neither; add one")
        return None
    where = f"{path}.logicalType" if physical is None else f"{path}.physicalType"
    try:
        size = (prop.logicalTypeOptions or {}).get("format")
        kind = logical_type(logical or "", size) if physical is None else physical_type(physical)
    except UnknownType as error:
        findings.add(where, "known-type", str(error))
        return None
    if logical is not None and kind.partition("(")[0] not in LOGICAL.get(logical, ()):
        kinds = ", ".join(LOGICAL.get(logical, ()))
        expected = f"{kinds} for logicalType {logical}" if kinds else f"a logicalType of {', '.join(LOGICAL)}"
        got = physical if kinds else logical
        findings.add(where, "types-agree", f"expected {expected}, got {got!r}; change one of them")
        return None
    return kind


def _with_fields(column: Column, prop: SchemaProperty, path: str, findings: Findings) -> Column:
    if column.type == "struct":
        if not prop.properties:
            findings.add(
                path,
                "struct-fields",
                "expected the fields of the struct, got none; list them under properties",
            )
        fields = read_columns(prop.properties or (), f"{path}.properties", findings)
        inner = ", ".join(f"{field.name}: {field.type}" for field in fields)
        return replace(column, type=f"struct<{inner}>", fields=fields)
    if column.type == "list":
        if prop.items is None:
            findings.add(
                path, "list-element", "expected the type of the elements, got none; describe it under items"
            )
            return replace(column, type="list<string>")
        element = read_column(prop.items, f"{path}.items", findings, name="element")
        return column if element is None else replace(column, type=f"list<{element.type}>", fields=(element,))
    return column


def _read_limits(column: Column, options: dict[str, Any], path: str, findings: Findings) -> Limits:
    known = _OPTIONS.get(column.kind, {}) | (_RANGE if column.kind in _RANGED else {})
    limits: dict[str, Any] = {}
    for option, value in options.items():
        where = f"{path}.logicalTypeOptions.{option}"
        if option == "format" and value in FORMATS:
            continue
        if option not in known:
            expected = ", ".join(known) or "no options"
            advice = (
                "list the values in a quality rule: metric invalidValues, arguments.validValues, mustBe 0"
            )
            advice = (
                advice
                if option == "enum"
                else "use one of these, or a quality rule with engine greatExpectations"
            )
            findings.add(
                where, "known-option", f"expected {expected} for {column.type}, got {option!r}; {advice}"
            )
            continue
        checked = _limit_value(column, option, value)
        if checked is None:
            findings.add(
                where, "option-value", f"expected {_limit_form(column, option)}, got {value!r}; correct it"
            )
        limits[known[option]] = checked
    return Limits(**limits)


def _limit_value(column: Column, option: str, value: Any) -> Any:
    """The value as Limits keeps it; None if it is no such limit."""
    if option == "pattern":
        return value if is_pattern(value) else None
    if option not in _RANGE:
        return value if type(value) is int and value >= 0 else None
    if column.kind == "timestamp":
        return timestamps.canonical(value) if isinstance(value, str) else None
    if column.kind == "date":
        return value if isinstance(value, str) and timestamps.is_date(value) else None
    return value if type(value) in (int, float) else None


def _limit_form(column: Column, option: str) -> str:
    if option == "pattern":
        return "a regular expression"
    if option not in _RANGE:
        return "a whole number from 0"
    return {"timestamp": "an ISO 8601 timestamp", "date": "a date like 2026-01-31"}.get(
        column.kind, "a number"
    )


def _with_custom(column: Column, prop: SchemaProperty, path: str, findings: Findings) -> Column:
    custom = custom_properties(prop.customProperties, COLUMN_PROPERTIES, path, findings)
    if "aliases" in custom:
        aliases, where = custom["aliases"]
        if isinstance(aliases, list) and all(isinstance(alias, str) and alias for alias in aliases):
            column = replace(column, aliases=tuple(aliases))
        else:
            findings.add(
                where, "aliases", f"expected a list of names, got {aliases!r}; write [orderId, OrderID]"
            )
    if "default" in custom:
        default, where = custom["default"]
        if _fits(column, default):
            column = replace(column, default=default, has_default=True)
        else:
            findings.add(
                where, "default-value", f"expected a {column.type}, got {default!r}; correct the default"
            )
    return column


def _fits(column: Column, value: Any) -> bool:
    if column.kind == "timestamp":
        return isinstance(value, str) and timestamps.canonical(value) is not None
    if column.kind == "date":
        return isinstance(value, str) and timestamps.is_date(value)
    return type(value) in _DEFAULTS.get(column.kind, ())


def _check_aliases(columns: Sequence[Column], path: str, findings: Findings) -> None:
    owners = {column.name: column.name for column in columns}
    for column in columns:
        for alias in column.aliases:
            owner = owners.setdefault(alias, column.name)
            if owner != column.name:
                message = (
                    f"expected {alias!r} to name one column, got {owner} and {column.name}; drop one of them"
                )
                findings.add(path, "aliases", message)
