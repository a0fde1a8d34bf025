"""A dataset's contract as a page: columns, key, owner, service levels, routes, and SQL to start with."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final

from workflows.analysts.datasets import is_restricted
from workflows.console.views.masking import restricted_columns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from expectations.contract import Column, Contract

EXAMPLE_ROWS: Final = 5
_METHODS: Final = ("get", "put", "post", "patch", "delete")


@dataclass(frozen=True, slots=True)
class ColumnLine:
    """A column, or a field inside of one, whose name has the names around it."""

    name: str
    type: str
    is_key: bool
    is_required: bool
    classification: str
    is_restricted: bool
    description: str
    limits: str


@dataclass(frozen=True, slots=True)
class Owner:
    """Who answers for a dataset, and what was promised about it, as its contract file says."""

    status: str
    domain: str
    team: tuple[tuple[str, str], ...]  # name, role
    service_levels: tuple[tuple[str, str], ...]  # property, value
    purpose: str


@dataclass(frozen=True, slots=True)
class Statement:
    """A SELECT to start with, and what it answers."""

    title: str
    sql: str


@dataclass(frozen=True, slots=True)
class SchemaVersion:
    """A schema that a table had, and how it differs from the one before."""

    number: int
    differences: tuple[str, ...]


def column_lines(contract: Contract) -> list[ColumnLine]:
    """The columns in their order, each followed by its fields."""
    return [line for column in contract.columns for line in _lines(column, contract, "")]


def owner(document: Mapping[str, Any]) -> Owner:
    """What the contract file says beside the schema; a file without it has empty parts."""
    team = document.get("team") or ()
    members = team.get("members") or () if isinstance(team, dict) else team
    description = document.get("description") or {}
    return Owner(
        str(document.get("status") or ""),
        str(document.get("domain") or ""),
        tuple(
            (str(one.get("name") or one.get("username") or ""), str(one.get("role") or ""))
            for one in members
            if isinstance(one, dict)
        ),
        tuple(
            (str(one.get("property", "")), f"{one.get('value', '')} {one.get('unit') or ''}".strip())
            for one in document.get("slaProperties") or ()
            if isinstance(one, dict)
        ),
        " ".join(str(description.get("purpose") or "").split()) if isinstance(description, dict) else "",
    )


def routes(openapi: Mapping[str, Any], dataset: str) -> list[tuple[str, str, str]]:
    """Method, path and summary of each operation of the Data API on the dataset."""
    return [
        (method.upper(), path, str(operations[method].get("summary", "")))
        for path, operations in openapi["paths"].items()
        if path == f"/{dataset}" or path.startswith(f"/{dataset}/")
        for method in _METHODS
        if method in operations
    ]


def statements(contracts: Mapping[str, Contract], dataset: str) -> list[Statement]:
    """Statements that answer a first question about the dataset, by its own columns and those of its keys."""
    contract = contracts[dataset]
    found = [Statement("How many rows", f"select count(*) as row_count from {dataset}")]  # noqa: S608 -- a name of a contract
    dimension, measure = _dimension(contract), _measure(contract)
    if dimension:
        sums = f", sum({measure}) as {measure}" if measure else ""
        sql = f"select {dimension}, count(*) as row_count{sums}\nfrom {dataset}\ngroup by 1\norder by 2 desc"
        found.append(Statement(f"Rows by {_words(dimension)}", sql))
    for other in contracts.values() if measure else ():
        by = _dimension(other)
        if other.dataset != dataset and by and len(other.key) == 1 and _has(contract, other.key[0]):
            key = other.key[0]
            sql = (
                f"select o.{by}, sum(d.{measure}) as {measure}\nfrom {dataset} d "
                f"join {other.dataset} o on o.{key} = d.{key}\ngroup by 1\norder by 2 desc\nlimit 20"
            )
            found.append(Statement(f"{_words(str(measure)).capitalize()} by {_words(by)}", sql))
    return found


def example_sql(contract: Contract) -> str | None:
    """A SELECT of some rows without restricted columns; None if all columns are."""
    hidden = restricted_columns(contract)
    names = [column.name for column in contract.columns if column.name not in hidden]
    return f"select {', '.join(names)} from {contract.dataset} limit {EXAMPLE_ROWS}" if names else None  # noqa: S608 -- names of a contract


def schema_versions(schemas: Sequence[Sequence[tuple[int, str, str]]]) -> list[SchemaVersion]:
    """The versions of a table's schema, the newest first.

    Each schema, oldest first, is a list of columns: field id, name and type.
    """
    versions = []
    before: dict[int, tuple[str, str]] = {}
    for number, schema in enumerate(schemas, 1):
        now = {field: (name, kind) for field, name, kind in schema}
        differences = (f"{len(now)} columns",) if number == 1 else tuple(_differences(before, now))
        versions.append(SchemaVersion(number, differences))
        before = now
    return versions[::-1]


def _differences(before: Mapping[int, tuple[str, str]], now: Mapping[int, tuple[str, str]]) -> list[str]:
    found = [f"{now[field][0]} {now[field][1]} was added" for field in now if field not in before]
    found += [f"{before[field][0]} was removed" for field in before if field not in now]
    for field in now.keys() & before.keys():
        (old_name, old_type), (new_name, new_type) = before[field], now[field]
        if old_name != new_name:
            found.append(f"{old_name} was renamed to {new_name}")
        if old_type != new_type:
            found.append(f"{new_name} became {new_type} instead of {old_type}")
    return sorted(found) or ["no column differs"]


def _lines(column: Column, contract: Contract, prefix: str) -> list[ColumnLine]:
    name = f"{prefix}{column.name}"
    line = ColumnLine(
        name,
        column.type,
        name in contract.key,
        column.required,
        column.classification or "",
        is_restricted(column),
        column.description,
        _limits(column),
    )
    return [line, *(inner for one in column.fields for inner in _lines(one, contract, f"{name}."))]


def _limits(column: Column) -> str:
    given = ((one.name, getattr(column.limits, one.name)) for one in fields(column.limits))
    parts = [f"{name.replace('_', ' ')} {_value(value)}" for name, value in given if value not in (None, ())]
    return "; ".join([*parts, *([f"default {column.default}"] if column.has_default else [])])


def _value(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _dimension(contract: Contract) -> str | None:
    """The first text that is no key and not restricted: what rows are grouped by."""
    return next(
        (
            column.name
            for column in contract.columns
            if column.kind == "string" and column.name not in contract.key and not is_restricted(column)
        ),
        None,
    )


def _measure(contract: Contract) -> str | None:
    """The first number with a fraction: what is summed."""
    kinds = ("decimal", "double", "float")
    return next((one.name for one in contract.columns if one.kind in kinds and not is_restricted(one)), None)


def _has(contract: Contract, name: str) -> bool:
    return any(column.name == name and not is_restricted(column) for column in contract.columns)


def _words(name: str) -> str:
    return name.replace("_", " ")
