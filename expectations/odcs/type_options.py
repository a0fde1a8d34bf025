"""The options of `logicalTypeOptions` that no limit of a column stands for.

Each holds anyway (dates are `yyyy-MM-dd`), or is noted as not enforced. One that would change what values
mean is refused. The format of a date or timestamp is that of its values in CSV files.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from expectations.contract import Column
from expectations.date_patterns import UnknownPattern, read_pattern
from expectations.odcs.limits import is_number
from expectations.odcs.types import FORMATS, WIDER
from expectations.problems import Findings

_UTC = ("UTC", "Etc/UTC", "Z", "GMT", "Etc/GMT", "+00:00")
_SMALLER = ("i8", "i16")
_GREATEST_STEP = 10**18  # a long in Spark
_NUMBERS = ("int", "long", "float", "double", "decimal")
_UNENFORCED = {  # kind -> options that the standard has for it, and that are not enforced
    "binary": ("minLength", "maxLength", "pattern"),
    "struct": ("minProperties", "maxProperties"),
    "list": ("uniqueItems",),
}


def noted_options(
    column: Column, options: Mapping[str, Any], path: str, findings: Findings, *, is_nested: bool
) -> set[str]:
    """The options that are no limits of the column, with a note or problem for each that needs one."""
    found: set[str] = set()
    for option, given in options.items():
        where = f"{path}.logicalTypeOptions.{option}"
        read = _READERS.get(option)
        if option in _UNENFORCED.get(column.kind, ()):
            if given is not False:
                findings.note(where, "type-option", f"{option} of {column.type} is not enforced")
        elif option == "multipleOf" and column.kind in _NUMBERS:
            if _is_exact(column, given):
                continue
            _note_multiple(column, given, where, findings)
        elif read is not None and (column.kind == "timestamp" or option == "format"):
            read(column, given, where, findings)
            if is_nested and option == "format" and csv_format(column, options, is_nested=False):
                findings.note(where, "type-option", f"format {given!r} inside a struct or list is not used")
        elif option != "required" or column.kind != "struct":
            continue
        found.add(option)
    return found


def required_fields(column: Column, options: Mapping[str, Any], path: str, findings: Findings) -> Column:
    """The struct with the fields required that its option `required` names."""
    if column.kind != "struct" or "required" not in options:
        return column
    where, names = f"{path}.logicalTypeOptions.required", options["required"]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        findings.add(where, "option-value", "a list of names", repr(names), "write [street, city]")
        return column
    known = [field.name for field in column.fields]
    for name in names:
        if name not in known:
            findings.add(where, "option-value", ", ".join(known), repr(name), "name a property of the object")
    fields = tuple(replace(field, required=field.required or field.name in names) for field in column.fields)
    return replace(column, fields=fields)


def csv_format(column: Column, options: Mapping[str, Any], *, is_nested: bool) -> str | None:
    """The format of a column's dates or timestamps in CSV; None if it is ISO 8601."""
    given = options.get("format")
    if column.kind not in ("date", "timestamp") or is_nested or not isinstance(given, str):
        return None
    try:
        pattern = read_pattern(given, has_time=column.kind == "timestamp")
    except UnknownPattern:
        return None
    return None if pattern.is_iso else given


def _is_exact(column: Column, given: Any) -> bool:
    """Whether all engines agree on which values of the column are multiples of the number."""
    if column.kind not in ("int", "long", "decimal", "double") or not _is_positive(given):
        return False
    step = Decimal(repr(given))
    if column.kind == "double":
        return step < _GREATEST_STEP and step == Decimal(float(given))
    scale = column.precision_scale[1] if column.kind == "decimal" else 0
    return step < _GREATEST_STEP and -int(step.normalize().as_tuple().exponent) <= scale


def _is_positive(given: object) -> bool:
    return isinstance(given, (int, float)) and is_number(given) and given > 0


def _note_multiple(column: Column, given: Any, path: str, findings: Findings) -> None:
    if not _is_positive(given):
        findings.add(path, "option-value", "a number above 0", repr(given), "correct it")
    else:
        findings.note(path, "type-option", f"multipleOf {given} of {column.type} is not enforced")


def _read_format(column: Column, given: Any, path: str, findings: Findings) -> None:
    if not isinstance(given, str):
        findings.add(path, "option-value", "the name of a format", repr(given), "correct it")
    elif column.kind in ("date", "timestamp"):
        _note_pattern(column, given, path, findings)
    elif given in WIDER and column.kind in _NUMBERS:
        if given not in ("u8", "u16", "u32"):
            findings.note(path, "type-option", f"{given} is kept as {column.type}")
    elif given in _SMALLER:
        findings.note(path, "type-option", f"{given} is kept as {column.type}; add minimum and maximum")
    elif given not in FORMATS:
        findings.note(path, "type-option", f"format {given!r} is not enforced; a pattern would be")


def _note_pattern(column: Column, given: str, path: str, findings: Findings) -> None:
    try:
        read_pattern(given, has_time=column.kind == "timestamp")
    except UnknownPattern as error:
        message = f"format {given!r} is not used, as it has {error}: values have an ISO 8601 form"
        findings.note(path, "type-option", message)


def _read_timezone(column: Column, given: Any, path: str, findings: Findings) -> None:
    if not isinstance(given, bool):
        findings.add(path, "option-value", "true or false", repr(given), "correct it")
    elif not given:
        findings.note(path, "type-option", f"{column.name} is an instant: a time without zone is one in UTC")


def _read_default_timezone(column: Column, given: Any, path: str, findings: Findings) -> None:
    if given not in _UTC:
        advice = f"send values of {column.name} with their offset, as a time without zone is one in UTC"
        findings.add(path, "option-value", "UTC", repr(given), advice)


_READERS: dict[str, Callable[[Column, Any, str, Findings], None]] = {
    "format": _read_format,
    "timezone": _read_timezone,
    "defaultTimezone": _read_default_timezone,
}
