"""What is wrong with a row, as (place, kind of rule): from violations of the JSON Schema and from reasons."""

import re
from collections.abc import Iterator
from typing import Any

from expectations.contract import Column, Contract
from expectations.sequence import greatest_version, to_value
from lambdas.validation import Violation
from tests.jobs.row_values import is_of

type Fault = tuple[str, str]  # place, kind of rule

_KEYWORDS = {
    "required": "required", "additionalProperties": "unknown", "type": "type", "format": "type",
    "multipleOf": "multiple", "enum": "enum", "not": "missing", "minLength": "length", "maxLength": "length",
    "minItems": "items", "maxItems": "items",
    "minimum": "range", "maximum": "range", "exclusiveMinimum": "range", "exclusiveMaximum": "range",
    "formatMinimum": "range", "formatMaximum": "range",
    "formatExclusiveMinimum": "range", "formatExclusiveMaximum": "range",
    "doubleMultipleOf": "multiple",
}  # fmt: skip
_OTHER_KEY = "key: expected the key of the item's columns"  # which the test makes up where a row has none


def fault_of(contract: Contract, aligned: dict[str, Any], violation: Violation) -> Fault:
    value: Any = aligned
    column: Column | None = None
    columns = {column.name: column for column in contract.columns}
    place = ""
    for part in violation.path.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, list):
            value = value[int(name)]
            column = column.fields[0] if column else None
            place += f"[{name}]"
        else:
            column = columns.get(name)
            value = value.get(name)
            place += f".{name}" if place else name
        columns = {field.name: field for field in column.fields} if column else {}
    if violation.rule == "pattern":
        kind = "pattern" if column is not None and column.kind == "string" else "type"
    else:
        kind = _KEYWORDS[violation.rule]
    if kind in ("range", "multiple", "enum") and column is not None and not is_of(column, value):
        kind = "required" if value is None else "type"
    if kind == "type" and value is None:
        kind = "required"
    return own_name(place) if kind == "unknown" else place, kind


def own_name(place: str) -> str:
    """The name without its spelling: of a column given twice, doors may report different names."""
    head, dot, name = place.rpartition(".")
    return f"{head}{dot}{re.sub(r'[^a-z0-9]', '', name.lower().replace(' (kg', '').replace('|2', ''))}"


def faults_of_reasons(reasons: list[str]) -> set[Fault]:
    return {fault for reason in reasons for fault in faults_of_reason(reason)}


def faults_of_reason(reason: str) -> Iterator[Fault]:
    if reason.startswith(_OTHER_KEY):
        return
    if found := re.match(r"type: column (.*?): expected", reason):
        yield found[1], "type"
    elif found := re.match(r"(key|version): column (.*?): expected a value", reason):
        yield found[2], "required"
    elif found := re.match(r"version: column (.*?): expected at most", reason):
        yield found[1], "range"
    elif found := re.match(r"key: column (.*?): expected a text, got an empty one", reason):
        yield found[1], "length"
    elif found := re.match(r"unknown: expected the contract's columns, got also (.*)$", reason):
        for place in found[1].split(", "):
            yield own_name(place), "unknown"
    elif found := re.match(r"(.*?)\.(required|range|length|pattern|items|multiple|enum|missing): ", reason):
        yield found[1], found[2]
    else:
        yield "", reason


def first_found(contract: Contract, faults: set[Fault], row: dict[str, Any]) -> set[Fault]:
    """The faults that the jobs name: Great Expectations judges only rows without any other fault."""
    nested = {column.name for column in contract.columns if column.kind in ("struct", "list")}
    decisive = {*contract.key, contract.sequence_column}

    def is_of_door(fault: Fault) -> bool:
        place, kind = fault
        return (
            kind in ("type", "unknown", "items")
            or (kind == "required" and place in decisive)
            or (kind == "range" and place == contract.sequence_column and is_at_end(row[place]))
            or (kind == "length" and row.get(place) == "" and place in contract.key)
            or (place not in nested and re.split(r"[.[]", place)[0] in nested)
        )

    def is_at_end(value: Any) -> bool:
        least = to_value(contract.column(contract.sequence_column or ""), greatest_version(contract))
        return bool(value > least if isinstance(value, int) else value[:-1] > least[:-1])

    return set(filter(is_of_door, faults)) or faults
