"""ODCS `logicalTypeOptions` -> limits of a column's values."""

import re
from collections.abc import Mapping
from typing import Any

from expectations import timestamps
from expectations.contract import Column, Limits
from expectations.odcs.types import FORMATS
from expectations.problems import Findings

_RANGED = ("int", "long", "float", "double", "decimal", "date", "timestamp")
_RANGE = {  # option -> field of Limits
    "minimum": "minimum",
    "maximum": "maximum",
    "exclusiveMinimum": "exclusive_minimum",
    "exclusiveMaximum": "exclusive_maximum",
}
_OPTIONS = {
    "string": {"minLength": "min_length", "maxLength": "max_length", "pattern": "pattern"},
    "list": {"minItems": "min_items", "maxItems": "max_items"},
    **dict.fromkeys(_RANGED, _RANGE),
}
_ADVICE = "use one of these, or a quality rule with engine greatExpectations"
_ENUM_ADVICE = "list the values in a quality rule: metric invalidValues, arguments.validValues, mustBe 0"
_FORMS = {"timestamp": "an ISO 8601 timestamp", "date": "a date like 2026-01-31"}


def read_limits(column: Column, options: Mapping[str, Any], path: str, findings: Findings) -> Limits:
    """The limits that the options set; what is no limit of such a column goes to findings."""
    known = _OPTIONS.get(column.kind, {})
    limits: dict[str, Any] = {}
    for option, given in options.items():
        where = f"{path}.logicalTypeOptions.{option}"
        if option == "format" and given in FORMATS:  # has been read with the type
            continue
        if option not in known:
            expected = f"{', '.join(known) or 'no options'} for {column.type}"
            advice = _ENUM_ADVICE if option == "enum" else _ADVICE
            findings.add(where, "known-option", expected, repr(option), advice)
            continue
        form, limit = _read(column, option, given)
        if limit is None:
            findings.add(where, "option-value", form, repr(given), "correct it")
        limits[known[option]] = limit
    return Limits(**limits)


def is_pattern(text: object) -> bool:
    """Whether the value is a regular expression."""
    try:
        return isinstance(text, str) and re.compile(text) is not None
    except re.error:
        return False


def _read(column: Column, option: str, given: Any) -> tuple[str, Any]:
    """The form that a limit has, and the limit; None if what was given has another form."""
    if option == "pattern":
        return "a regular expression", given if is_pattern(given) else None
    if option not in _RANGE:
        return "a whole number from 0", given if type(given) is int and given >= 0 else None
    if column.kind == "timestamp":
        return _FORMS["timestamp"], timestamps.canonical(given) if isinstance(given, str) else None
    if column.kind == "date":
        return _FORMS["date"], given if isinstance(given, str) and timestamps.is_date(given) else None
    return "a number", given if type(given) in (int, float) else None
