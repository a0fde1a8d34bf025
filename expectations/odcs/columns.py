"""ODCS schema properties -> columns."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from open_data_contract_standard.model import SchemaProperty

from expectations import timestamps
from expectations.contract import Column
from expectations.odcs.document import custom_properties
from expectations.odcs.limits import read_limits, shortened, unsigned_limits
from expectations.odcs.semantics import ROLE_PROPERTIES, note_relationships
from expectations.odcs.type_options import csv_format, noted_options, required_fields
from expectations.odcs.types import (
    BESIDE,
    LOGICAL,
    UNSUPPORTED,
    PhysicalType,
    UnknownType,
    logical_type,
    source_type,
)
from expectations.odcs.values import fits
from expectations.problems import Findings
from expectations.spellings import camel_case

NAME = re.compile(r"[a-z][a-z0-9_]*")
COLUMN_PROPERTIES = ("aliases", "default", "partitionTransform", *ROLE_PROPERTIES)
_MOST_CHARACTERS = 255  # the longest name in the Glue catalog


def read_columns(properties: Sequence[SchemaProperty], path: str, findings: Findings) -> tuple[Column, ...]:
    """The columns of a schema object or struct. Those with problems, which go to findings, may be missing."""
    columns: list[Column] = []
    for index, prop in enumerate(properties):
        where = f"{path}[{index}]"
        if is_measure(prop):
            findings.note(where, "measure", "a measure is computed by queries, and no column of the table")
            continue
        column = read_column(prop, where, findings)
        if column is None:
            continue
        if any(column.name == other.name for other in columns):
            findings.add(
                f"{where}.name", "unique-name", "unique names", f"{column.name!r} twice", "rename one"
            )
            continue
        columns.append(column)
    _check_aliases(columns, path, findings)
    return tuple(columns)


def is_measure(prop: SchemaProperty) -> bool:
    """Whether it is an aggregate of the semantic model, which no row has."""
    return prop.semanticType == "measure"


def read_column(
    prop: SchemaProperty, path: str, findings: Findings, name: str | None = None
) -> Column | None:
    """One property as a column. `name` is the name of a list's element, whose property has none."""
    name = name or _read_name(prop, path, findings)
    read = _read_type(prop, path, findings)
    if name is None or read is None:
        return None
    is_nested = path.count(".properties") + path.count(".items") > 1
    column = Column(
        name=name,
        type=read.iceberg,
        required=bool(prop.required or (prop.primaryKey and not is_nested)),
        classification=prop.classification,
        description=" ".join((prop.description or "").split()),
    )
    column = _with_fields(column, prop, path, findings)
    column = _with_options(column, prop, path, findings, is_nested=is_nested)
    column = replace(column, limits=shortened(column.limits, read.max_length))
    return _with_custom(column, prop, path, findings)


def _with_options(
    column: Column, prop: SchemaProperty, path: str, findings: Findings, *, is_nested: bool
) -> Column:
    """The column with the limits of `logicalTypeOptions` and `enum`."""
    options = prop.logicalTypeOptions or {}
    noted = noted_options(column, options, path, findings, is_nested=is_nested)
    column = required_fields(column, options, path, findings)
    enforced = {name: given for name, given in options.items() if name not in noted}
    limits = read_limits(column, enforced, path, findings)
    limits = unsigned_limits(column, limits, options.get("format"))
    note_relationships(prop.relationships, path, findings)
    if prop.enum is not None:
        limits = replace(limits, enum=_read_enum(column, prop, path, findings))
    return replace(column, limits=limits, format=csv_format(column, options, is_nested=is_nested))


def _read_enum(column: Column, prop: SchemaProperty, path: str, findings: Findings) -> tuple[Any, ...]:
    values = tuple(item.value for item in prop.enum or ())
    for index, value in enumerate(values):
        if not fits(column, value):
            where, expected = f"{path}.enum[{index}].value", f"a value of type {column.type}"
            findings.add(where, "enum-value", expected, repr(value), "write it as in rows")
    return values


def _read_name(prop: SchemaProperty, path: str, findings: Findings) -> str | None:
    name = prop.name or ""
    where = f"{path}.name"
    if name.startswith("_"):
        advice = "rename it: such names are reserved"
        findings.add(where, "reserved-name", "a name without leading underscore", repr(name), advice)
        return None
    if not NAME.fullmatch(name) or len(name) > _MOST_CHARACTERS:
        advice = "rename it (other spellings can be aliases)"
        expected = f"a lower-case name like order_id, of at most {_MOST_CHARACTERS} characters"
        findings.add(where, "column-name", expected, repr(name), advice)
        return None
    return name


def _read_type(prop: SchemaProperty, path: str, findings: Findings) -> PhysicalType | None:
    logical, physical = prop.logicalType, prop.physicalType
    if logical is None and physical is None:
        findings.add(path, "known-type", "a physicalType or a logicalType", "neither", "add one")
        return None
    if logical is not None and logical not in BESIDE:
        advice = UNSUPPORTED.get(logical, "correct it")
        findings.add(f"{path}.logicalType", "known-type", ", ".join(LOGICAL), repr(logical), advice)
        return None
    where = f"{path}.logicalType" if physical is None else f"{path}.physicalType"
    try:
        size = (prop.logicalTypeOptions or {}).get("format")
        size = size if isinstance(size, str) else None
        if physical is None:
            return PhysicalType(logical_type(logical or "", size))
        read = source_type(physical, logical)
    except UnknownType as error:
        findings.add(where, "known-type", error.expected, repr(error.got), error.advice)
        return None
    if logical is None or read.iceberg.partition("(")[0] in BESIDE.get(logical, ()):
        if read.note:
            findings.note(where, "physical-type", f"{physical!r}: {read.note}")
        return read
    expected = f"{', '.join(BESIDE[logical])} for logicalType {logical}"
    findings.add(where, "types-agree", expected, repr(physical), "change one of them")
    return None


def _with_fields(column: Column, prop: SchemaProperty, path: str, findings: Findings) -> Column:
    if column.type == "struct":
        if not prop.properties:
            findings.add(
                path, "struct-fields", "the fields of the struct", "none", "list them under properties"
            )
        fields = read_columns(prop.properties or (), f"{path}.properties", findings)
        inner = ", ".join(f"{field.name}: {field.type}" for field in fields)
        return replace(column, type=f"struct<{inner}>", fields=fields)
    if column.type == "list":
        if prop.items is None:
            findings.add(path, "list-element", "the type of the elements", "none", "describe it under items")
            return column
        element = read_column(prop.items, f"{path}.items", findings, name="element")
        return column if element is None else replace(column, type=f"list<{element.type}>", fields=(element,))
    return column


def _with_custom(column: Column, prop: SchemaProperty, path: str, findings: Findings) -> Column:
    custom = custom_properties(prop.customProperties, COLUMN_PROPERTIES, path, findings)
    if "aliases" in custom:
        aliases, where = custom["aliases"]
        if isinstance(aliases, list) and all(isinstance(alias, str) and alias for alias in aliases):
            column = replace(column, aliases=tuple(aliases))
        else:
            findings.add(where, "aliases", "a list of names", repr(aliases), "write [orderId, OrderID]")
        for alias in column.aliases:
            _check_alias(alias, where, findings)
    if "default" in custom:
        default, where = custom["default"]
        if _is_default(column, default):
            column = replace(column, default=default, has_default=True)
        else:
            findings.add(
                where, "default-value", f"a value of type {column.type}", repr(default), "correct the default"
            )
    return column


def _check_alias(alias: str, path: str, findings: Findings) -> None:
    if alias.startswith("_"):
        advice = "rename it in the files: names like _op control how a row is read"
        findings.add(path, "aliases", "names without leading underscore", repr(alias), advice)
    elif alias != alias.strip() or not alias.isprintable():
        advice = "write it without them, as names in files are trimmed"
        findings.add(path, "aliases", "printable names without blanks around them", repr(alias), advice)


def _is_default(column: Column, value: Any) -> bool:
    """Whether the column can hold the value. An instant may have any form, as alignment rewrites it."""
    if column.kind == "timestamp":
        return isinstance(value, str) and timestamps.canonical(value) is not None
    return fits(column, value)


def _check_aliases(columns: Sequence[Column], path: str, findings: Findings) -> None:
    """Add a problem if a name under which values may be sent leads to two columns."""
    owners: dict[str, str] = {}
    for column in columns:
        for name in dict.fromkeys((column.name, *column.aliases, camel_case(column.name))):
            owner = owners.setdefault(name, column.name)
            if owner != column.name:
                got = f"{owner} and {column.name}"
                by_alias = any(name in one.aliases for one in columns)
                advice = "drop one of them" if by_alias else "rename one, as camelCase names are accepted too"
                findings.add(path, "aliases", f"{name!r} to name one column", got, advice)
