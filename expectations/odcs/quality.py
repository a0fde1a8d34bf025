"""ODCS quality rules -> expectations of Great Expectations, which check a batch of changes, not the table."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from open_data_contract_standard.model import DataQuality

from expectations.contract import Column, Rule
from expectations.odcs.limits import check_pattern, is_number
from expectations.odcs.metrics import (
    COLUMN_ARGUMENTS,
    DATASET_ARGUMENTS,
    OPERATORS,
    Expectation,
    Metric,
    Threshold,
    expectation_of_query,
    expectations_of,
)
from expectations.odcs.values import fits
from expectations.odcs.yaml_text import read_yaml
from expectations.problems import Findings

SEVERITIES = {  # severity, which is free text in ODCS -> that of Great Expectations
    **dict.fromkeys(("critical", "error", "fatal", "blocker", "major", "high"), "critical"),
    **dict.fromkeys(("warning", "warn", "minor", "medium", "low"), "warning"),
    **dict.fromkeys(("info", "information", "informational", "notice"), "info"),
}
UNITS = ("rows", "percent")
ENGINES = ("greatexpectations", "great-expectations", "great_expectations")
_MOST = 2**63 - 1  # rows, which Spark counts as a long
_ON_COLUMNS = ("column", "column_A", "column_B")


@dataclass(frozen=True, slots=True)
class Dataset:
    """What rules may name."""

    columns: Mapping[str, Column | None]  # all of the dataset; None if the column's own description is broken
    tables: Sequence[str] = ()  # names of the dataset in SQL
    fields: Mapping[str, Column] = MappingProxyType({})  # inside structs and lists, by path


@dataclass(frozen=True, slots=True)
class _Entry:
    """One entry of a `quality` list while it is read."""

    quality: DataQuality
    path: str
    column: str | None  # None for an entry of the dataset
    dataset: Dataset
    findings: Findings

    def refuse(self, part: str, rule: str, expected: str, got: str, advice: str = "correct it") -> None:
        """Add a problem of a part of the entry."""
        path = f"{self.path}.{part}" if part else self.path
        self.findings.add(path, rule, expected, got, advice)

    def note(self, part: str, message: str) -> None:
        """Add a note on a part of the entry."""
        self.findings.note(f"{self.path}.{part}" if part else self.path, "rule", message)


def read_rules(
    qualities: Iterable[DataQuality],
    path: str,
    column: str | None,
    dataset: Dataset,
    findings: Findings,
) -> list[Rule]:
    """The rules of a column, or of the dataset if `column` is None. Rules of other tools are noted."""
    rules: list[Rule] = []
    for index, quality in enumerate(qualities):
        entry = _Entry(quality, f"{path}[{index}]", column, dataset, findings)
        severity = SEVERITIES.get((quality.severity or "critical").strip().lower())
        kind = quality.metric or ("sql" if quality.type == "sql" else "rule")
        name = quality.name or quality.id or _unused(f"{column or 'dataset'}.{kind}", rules)
        description = " ".join((quality.description or "").split())
        found = _read(entry)
        if found and severity is None:
            entry.note("severity", f"{quality.severity!r} counts as critical: it rejects rows")
        for number, (expectation, kwargs) in enumerate(found):
            part = name if number == 0 else f"{name}.{number + 1}"
            rules.append(Rule(part, expectation, kwargs, description, severity or "critical"))
    return rules


def _unused(name: str, rules: Sequence[Rule]) -> str:
    """The name for a rule without one, numbered if another rule has it."""
    used = {rule.name for rule in rules}
    numbered = (f"{name}.{number}" for number in range(2, len(used) + 3))
    return name if name not in used else next(one for one in numbered if one not in used)


def _read(entry: _Entry) -> list[Expectation]:
    kind = entry.quality.type or "library"
    if kind == "library":
        return _read_metric(entry)
    if kind == "custom":
        return _read_custom(entry)
    if kind == "text":
        entry.note("type", "a rule in words is not evaluated")
    elif kind == "sql":
        return _read_sql(entry)
    else:
        entry.refuse("type", "known-rule", "library, sql, custom or text", repr(kind), "use one of them")
    return []


def _read_sql(entry: _Entry) -> list[Expectation]:
    """The rule as expectation; none, with a note, if its query is not one expression over the dataset."""
    from expectations.sql.queries import Source, read_query  # imports sqlglot, which few contracts need
    from expectations.sql.values import NotAlike

    columns = {name: column for name, column in entry.dataset.columns.items() if column is not None}
    path = tuple(entry.column.split(".")) if entry.column else ()
    try:
        query = read_query(entry.quality.query or "", Source(entry.dataset.tables, columns, path))
    except NotAlike as error:
        entry.note("query", f"the rule is not evaluated: {error}")
        return []
    threshold = _read_threshold(entry, is_boolean=query.is_boolean)
    return [] if threshold is None else [expectation_of_query(entry.quality.query or "", query, threshold)]


def _read_metric(entry: _Entry) -> list[Expectation]:
    name = entry.quality.metric or ""
    if not name and entry.quality.rule:
        advice = f"write a metric ({', '.join(COLUMN_ARGUMENTS | DATASET_ARGUMENTS)}) and one operator"
        entry.note("rule", f"the library rule {entry.quality.rule!r} is not evaluated; {advice}")
        return []
    known = DATASET_ARGUMENTS if entry.column is None else COLUMN_ARGUMENTS
    if name not in known:
        place = "the dataset" if entry.column is None else "a column"
        expected = f"a metric of {place} ({', '.join(known)})"
        entry.refuse("metric", "known-rule", expected, repr(name) if name else "none", "use one of them")
        return []
    if (entry.quality.unit or UNITS[0]) not in UNITS:
        advice = f"rules in {' or '.join(UNITS)} are"
        entry.note("unit", f"a rule in {entry.quality.unit!r} is not evaluated; {advice}")
        return []
    arguments = _read_arguments(entry, known[name])
    threshold = _read_threshold(entry)
    if arguments is None or threshold is None:
        return []
    return expectations_of(Metric(name, entry.column, arguments), threshold)


def _read_arguments(entry: _Entry, known: Sequence[str]) -> dict[str, Any] | None:
    arguments = entry.quality.arguments or {}
    found_before = len(entry.findings.problems)
    if known and not arguments:
        entry.refuse("arguments", "known-argument", " or ".join(known), "none", "add it")
    for name, value in arguments.items():
        where = f"arguments.{name}"
        if name not in known:
            entry.refuse(where, "known-argument", ", ".join(known) or "no arguments", repr(name))
        elif name == "pattern":
            check_pattern(value, f"{entry.path}.{where}", "argument-value", entry.findings)
        elif not isinstance(value, list) or not value:
            entry.refuse(where, "argument-value", "a list of values", repr(value))
        elif name == "properties":
            _check_columns(entry, where, value)
        else:
            _check_values(entry, where, "argument-value", entry.column, value)
    return arguments if len(entry.findings.problems) == found_before else None


def _read_threshold(entry: _Entry, *, is_boolean: bool = False) -> Threshold | None:
    """The threshold of a rule. The value that a boolean must have counts as 1 or 0."""
    quality = entry.quality
    given = {name: value for name in OPERATORS if (value := getattr(quality, name)) is not None}
    if is_boolean:
        given = {name: int(value) if isinstance(value, bool) else value for name, value in given.items()}
    units = UNITS[:1] if quality.metric == "rowCount" else UNITS
    unit = quality.unit or UNITS[0]
    if unit not in units and quality.metric:
        entry.refuse("unit", "unit", " or ".join(units), repr(unit))
    if len(given) != 1:
        expected = f"one operator ({', '.join(OPERATORS)})"
        entry.refuse("", "one-operator", expected, ", ".join(given) or "none", "state one per rule")
        return None
    ((operator, value),) = given.items()
    values = value if isinstance(value, list) else [value]
    are_numbers = all(is_number(number) and abs(number) <= _MOST for number in values)
    if not are_numbers or values != sorted(values) or (len(values) == 2) != operator.endswith("Between"):
        entry.refuse(operator, "operator-value", "a number, or two in ascending order", repr(value))
        return None
    return Threshold(operator, tuple(values), percent=unit == "percent")


def _read_custom(entry: _Entry) -> list[Expectation]:
    engine = entry.quality.engine
    if (engine or "").lower() not in ENGINES:
        entry.note("engine", f"a rule of engine {engine!r} is not evaluated; those of greatExpectations are")
        return []
    implementation: Any = entry.quality.implementation
    if isinstance(implementation, str):
        implementation = read_yaml(implementation, entry.findings, f"{entry.path}.implementation")
        if implementation is None:
            return []
    if not isinstance(implementation, dict) or set(implementation) - {"type", "expectation_type", "kwargs"}:
        entry.refuse("implementation", "implementation", "type and kwargs", repr(implementation))
        return []
    expectation = implementation.get("type", implementation.get("expectation_type"))
    kwargs = implementation.get("kwargs") or {}
    if not isinstance(expectation, str) or not isinstance(kwargs, dict):
        expected = "the name of an expectation as type, and a mapping as kwargs"
        entry.refuse("implementation", "implementation", expected, repr(implementation))
        return []
    needs_column = expectation.startswith("expect_column_") and not {*_ON_COLUMNS, "column_list"} & set(
        kwargs
    )
    if entry.column and needs_column:
        kwargs = {"column": entry.column, **kwargs}
    named = [kwargs[name] for name in _ON_COLUMNS if name in kwargs]
    _check_columns(entry, "implementation.kwargs", [*named, *kwargs.get("column_list", ())])
    _check_kwargs(entry, kwargs)
    return [(expectation, kwargs)]


def _check_kwargs(entry: _Entry, kwargs: Mapping[str, Any]) -> None:
    """Add problems of arguments that GX accepts, but that Spark refuses once there are rows."""
    for name in ("regex", "regex_list"):
        value = kwargs.get(name)
        for one in value if isinstance(value, list) else [value]:
            if one is not None:
                path = f"{entry.path}.implementation.kwargs.{name}"
                check_pattern(one, path, "argument-value", entry.findings)
    values = kwargs.get("value_set")
    if isinstance(values, list):
        where = "implementation.kwargs.value_set"
        _check_values(entry, where, "argument-value", kwargs.get("column"), values)


def _check_values(entry: _Entry, part: str, rule: str, column: str | None, values: Sequence[Any]) -> None:
    """Add a problem for each value that does not have the column's type, as Spark cannot compare it."""
    typed = entry.dataset.fields.get(column or "") or entry.dataset.columns.get(column or "")
    if typed is None:
        return
    for value in values:
        is_missing = value is None and part.endswith("missingValues")
        if not is_missing and not fits(typed, value):
            expected = f"values of {typed.name}, which is {typed.type}"
            advice = "write it as in rows (text in quotes, instants in UTC as 2026-01-31T12:00:00Z)"
            entry.refuse(part, rule, expected, repr(value), advice)


def _check_columns(entry: _Entry, part: str, names: Iterable[Any]) -> None:
    for name in names:
        if name not in entry.dataset.columns:
            entry.refuse(part, "known-column", "a column of the dataset", repr(name))
