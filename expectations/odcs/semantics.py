"""What a contract tells analysts beyond columns and rules: roles of columns, references, freshness.

A column's role is a custom property: `measure` with the aggregate that adds up its values (`none` if nothing
does), or `dimension: true`. References come from the standard's relationships, freshness from a service level
`latency`. None of them decides about a row, so jobs and Lambdas do not read them.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from open_data_contract_standard.model import (
    OpenDataContractStandard,
    Relationship,
    SchemaObject,
    SchemaProperty,
)

from expectations.contract import Column
from expectations.odcs.document import read_document
from expectations.problems import ContractError, Findings

SUM, AVERAGE, LEAST, GREATEST, NONE = "sum", "avg", "min", "max", "none"
AGGREGATES = (SUM, AVERAGE, LEAST, GREATEST, NONE)
ROLE_PROPERTIES = ("measure", "dimension")
NUMBERS = ("int", "long", "float", "double", "decimal")
_SHORT = re.compile(r"([a-z][a-z0-9_]*)\.([a-z][a-z0-9_]*)")
_UNITS = {
    "minutes": ("m", "min", "minute", "minutes"),
    "hours": ("h", "hr", "hour", "hours"),
    "days": ("d", "day", "days"),
    "weeks": ("w", "week", "weeks"),
}


@dataclass(frozen=True, slots=True)
class Reference:
    """Columns that hold a key of another dataset's rows; that dataset may not have the row yet."""

    columns: tuple[str, ...]
    dataset: str
    to: tuple[str, ...]  # columns of the other dataset, in the same order


@dataclass(frozen=True, slots=True)
class Semantics:
    """What one contract tells analysts."""

    measures: Mapping[str, str] = field(default_factory=dict)  # column -> aggregate, as far as declared
    dimensions: tuple[str, ...] = ()  # as far as declared
    references: tuple[Reference, ...] = ()
    latency: timedelta | None = None  # within which a change is promised to be queryable


def load_semantics(path: Path) -> Semantics:
    """The semantics of a contract file. ContractError if it can't be read."""
    findings = Findings(path.name)
    document = read_document(path, findings)
    if document is None or not document.schema_:
        raise ContractError(findings.problems)
    schema = document.schema_[0]
    measures, dimensions = _roles(schema.properties or (), "schema[0].properties", findings)
    return Semantics(measures, dimensions, tuple(_references(schema)), _latency(document))


def check_roles(
    properties: Sequence[SchemaProperty], columns: Iterable[Column], path: str, findings: Findings
) -> None:
    """Add a problem for each role that no column of the type can have."""
    measures, dimensions = _roles(properties, path, findings)
    for column in columns:
        aggregate = measures.get(column.name, NONE)
        if aggregate in (SUM, AVERAGE) and column.kind not in NUMBERS:
            expected = f"a number for measure: {aggregate}"
            findings.add(path, "measure", expected, f"{column.name}: {column.type}", "use min, max or none")
        if aggregate != NONE and column.name in dimensions:
            advice = "keep one of them"
            findings.add(path, "measure", f"{column.name} as measure or dimension", "both", advice)


def note_relationships(relationships: Sequence[Relationship] | None, path: str, findings: Findings) -> None:
    """Add a note if a relationship has a form that nothing reads. Rows are checked for none of them."""
    if any(not _split(relationship.to)[0] for relationship in relationships or ()):
        message = "relationships are read in the form dataset.column only"
        findings.note(f"{path}.relationships", "relationships", message)


def _roles(
    properties: Sequence[SchemaProperty], path: str, findings: Findings
) -> tuple[dict[str, str], tuple[str, ...]]:
    measures: dict[str, str] = {}
    dimensions: list[str] = []
    for index, prop in enumerate(properties):
        for number, custom in enumerate(prop.customProperties or ()):
            name, where = prop.name or "", f"{path}[{index}].customProperties[{number}].value"
            if custom.property == "measure" and custom.value in AGGREGATES:
                measures[name] = str(custom.value)
            elif custom.property == "measure":
                findings.add(where, "measure", " or ".join(AGGREGATES), repr(custom.value), "use one of them")
            elif custom.property == "dimension" and custom.value is True:
                dimensions.append(name)
            elif custom.property == "dimension" and custom.value is False:
                measures.setdefault(name, NONE)
            elif custom.property == "dimension":
                findings.add(where, "dimension", "true or false", repr(custom.value), "use one of them")
    return measures, tuple(dimensions)


def _references(schema: SchemaObject) -> Iterable[Reference]:
    """The references in the short form `dataset.column`; other forms name parts of other documents."""
    for prop in schema.properties or ():
        for relationship in prop.relationships or ():
            yield from _reference(relationship, (prop.name or "",))
    for relationship in schema.relationships or ():
        _, columns = _split(relationship.from_)
        yield from _reference(relationship, columns)


def _reference(relationship: Relationship, columns: tuple[str, ...]) -> Iterable[Reference]:
    dataset, to = _split(relationship.to)
    if dataset and to and len(to) == len(columns) and relationship.type in (None, "foreignKey"):
        yield Reference(columns, dataset, to)


def _split(names: Any) -> tuple[str, tuple[str, ...]]:
    """Dataset and columns of `dataset.column`, or of a list of these; empty if there is none in that form."""
    found = [_SHORT.fullmatch(str(name)) for name in (names if isinstance(names, list) else [names])]
    parts = [part.groups() for part in found if part]
    if len(parts) < len(found):
        return "", ()
    datasets = {dataset for dataset, _ in parts}
    return (datasets.pop(), tuple(column for _, column in parts)) if len(datasets) == 1 else ("", ())


def _latency(document: OpenDataContractStandard) -> timedelta | None:
    for level in document.slaProperties or ():
        if level.property not in ("latency", "ly") or isinstance(level.value, (bool, str, type(None))):
            continue
        for unit, spellings in _UNITS.items():
            if (level.unit or "").lower() in spellings and level.value > 0:
                return timedelta(**{unit: float(level.value)})
    return None
