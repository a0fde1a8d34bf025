"""ODCS `logicalTypeOptions` -> limits of a column's values."""

import math
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from expectations import timestamps
from expectations.contract import Column, Limits
from expectations.patterns import UnportablePattern, to_java
from expectations.problems import Findings

_RANGE = {  # option -> field of Limits
    "minimum": "minimum",
    "maximum": "maximum",
    "exclusiveMinimum": "exclusive_minimum",
    "exclusiveMaximum": "exclusive_maximum",
}
_OPTIONS = {
    "string": {"minLength": "min_length", "maxLength": "max_length", "pattern": "pattern"},
    "list": {"minItems": "min_items", "maxItems": "max_items"},
    **dict.fromkeys(("float", "date", "timestamp"), _RANGE),
    **dict.fromkeys(("int", "long", "decimal", "double"), _RANGE | {"multipleOf": "multiple_of"}),
}
_ADVICE = "use one of these, or a quality rule with engine greatExpectations"
_ENUM_ADVICE = "list them under enum of the property, or in a quality rule: metric invalidValues"
_UNSIGNED = {"u8": 2**8 - 1, "u16": 2**16 - 1, "u32": 2**32 - 1, "u64": None, "u128": None}
_MOST = 2**31 - 1  # characters or items, which Java counts as an int
_GREATEST_FLOAT = "3.4028234663852886E+38"
_GREATEST_NUMBER = "1E+125"  # in DynamoDB
_FORMS = {"timestamp": "an ISO 8601 timestamp", "date": "a date like 2026-01-31"}


def read_limits(column: Column, options: Mapping[str, Any], path: str, findings: Findings) -> Limits:
    """The limits that the options set. Options that a column of this type does not have go to findings."""
    known = _OPTIONS.get(column.kind, {})
    limits: dict[str, Any] = {}
    for option, given in options.items():
        where = f"{path}.logicalTypeOptions.{option}"
        if option not in known:
            expected = f"{', '.join(known) or 'no options'} for {column.type}"
            advice = _ENUM_ADVICE if option == "enum" else _ADVICE
            findings.add(where, "known-option", expected, repr(option), advice)
            continue
        form, limit = _read(column, option, given)
        if option == "pattern":
            check_pattern(given, where, "option-value", findings)
        elif limit is None:
            findings.add(where, "option-value", form, repr(given), "correct it")
        limits[known[option]] = limit
    found = Limits(**limits)
    _check_order(found, column, path, findings)
    return found


def unsigned_limits(column: Column, limits: Limits, form: object) -> Limits:
    """The limits of a whole number with those of its format (u8, u16, …)."""
    if column.kind not in ("int", "long", "decimal") or not isinstance(form, str) or form not in _UNSIGNED:
        return limits
    greatest = _UNSIGNED[form]
    if limits.exclusive_minimum is None:
        limits = replace(limits, minimum=max(0, _number(limits.minimum, 0)))
    if greatest is not None and limits.exclusive_maximum is None and greatest <= range_of(column)[1]:
        limits = replace(limits, maximum=min(greatest, _number(limits.maximum, greatest)))
    return limits


def shortened(limits: Limits, length: int | None) -> Limits:
    """The limits with the length of a physicalType, e.g. of varchar(18), unless they are narrower."""
    if length is None or (limits.max_length is not None and limits.max_length <= length):
        return limits
    return replace(limits, max_length=length)


def _number(limit: float | str | None, default: int) -> float:
    return default if limit is None or isinstance(limit, str) else limit


def check_pattern(given: object, path: str, rule: str, findings: Findings) -> None:
    """Add a problem if not all engines give the regular expression the same meaning."""
    if not isinstance(given, str):
        findings.add(path, rule, "a regular expression", repr(given), "correct it")
        return
    try:
        to_java(given)
    except UnportablePattern as error:
        expected = "a pattern with one meaning in Rust (queue, API) and Java (jobs)"
        findings.add(path, rule, expected, f"{given!r} with {error.got}", error.advice)


def _read(column: Column, option: str, given: Any) -> tuple[str, Any]:
    """The form that the limit must have, and the limit; None instead of the limit if it has another form."""
    if option == "pattern":
        return "a regular expression", given if isinstance(given, str) else None
    if option == "multipleOf":  # checked with the other options of the type
        return "a number above 0", int(given) if given == int(given) else given
    if option not in _RANGE:
        is_length = type(given) is int and 0 <= given <= _MOST
        return f"a whole number from 0 to {_MOST}", given if is_length else None
    if column.kind == "timestamp":
        return _FORMS["timestamp"], timestamps.canonical(given) if isinstance(given, str) else None
    if column.kind == "date":
        return _FORMS["date"], given if isinstance(given, str) and timestamps.is_date(given) else None
    least, greatest = range_of(column)
    is_within = is_number(given) and least <= given <= greatest
    return f"a number of type {column.type}", given if is_within else None


def is_number(given: object) -> bool:
    """Whether it is a finite number: not a boolean, nor YAML's `.nan` or `.inf`."""
    return type(given) is int or (isinstance(given, float) and math.isfinite(given))


def range_of(column: Column) -> tuple[Decimal, Decimal]:
    """The least and the greatest number that a numeric column can hold, in the lake and in DynamoDB."""
    if column.kind == "decimal":
        precision, scale = column.precision_scale
        greatest = Decimal((0, (9,) * precision, -scale))
        return greatest.copy_negate(), greatest
    bits = {"int": 31, "long": 63}.get(column.kind)
    if bits is not None:
        return Decimal(-(2**bits)), Decimal(2**bits - 1)
    greatest = Decimal(_GREATEST_FLOAT if column.kind == "float" else _GREATEST_NUMBER)
    return greatest.copy_negate(), greatest


def _check_order(limits: Limits, column: Column, path: str, findings: Findings) -> None:
    """Add a problem if a lower limit is above an upper one, as the column would reject every row."""
    pairs = [
        (low, high)
        for low in (limits.minimum, limits.exclusive_minimum)
        for high in (limits.maximum, limits.exclusive_maximum)
    ]
    for low, high in [*pairs, (limits.min_length, limits.max_length), (limits.min_items, limits.max_items)]:
        if low is not None and high is not None and _is_above(low, high):
            where = f"{path}.logicalTypeOptions"
            findings.add(
                where,
                "option-value",
                f"limits that values of type {column.type} can keep",
                f"{low} to {high}",
                "correct one of them",
            )


def _is_above(low: float | str, high: float | str) -> bool:
    if isinstance(low, str) or isinstance(high, str):
        return str(low).removesuffix("Z") > str(high).removesuffix("Z")
    return low > high
