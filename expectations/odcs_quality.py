"""ODCS quality rules -> Great Expectations expectations.

A metric that must be zero becomes the expectation about single rows, so that a failing row can be told from
the others. A tolerated share of rows becomes `mostly`; any other threshold a query that has a result exactly
if it is broken. Rules judge one batch of changes, not the whole table.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml
from open_data_contract_standard.model import DataQuality

from expectations.contract import JsonValue, Rule
from expectations.odcs_columns import is_pattern
from expectations.problems import Findings

SEVERITIES = ("critical", "warning", "info")
OPERATORS = {  # ODCS operator -> SQL that holds for a valid value
    "mustBe": "{value} = {0}",
    "mustNotBe": "{value} <> {0}",
    "mustBeGreaterThan": "{value} > {0}",
    "mustBeGreaterOrEqualTo": "{value} >= {0}",
    "mustBeLessThan": "{value} < {0}",
    "mustBeLessOrEqualTo": "{value} <= {0}",
    "mustBeBetween": "{value} BETWEEN {0} AND {1}",
    "mustNotBeBetween": "{value} NOT BETWEEN {0} AND {1}",
}
ARGUMENTS = {  # metric -> arguments it takes on a column
    "nullValues": (),
    "missingValues": ("missingValues",),
    "invalidValues": ("validValues", "pattern"),
    "duplicateValues": (),
}
TABLE_ARGUMENTS: dict[str, tuple[str, ...]] = {"duplicateValues": ("properties",), "rowCount": ()}
ENGINES = ("greatexpectations", "great-expectations", "great_expectations")
_COUNT_BOUNDS: dict[
    str, tuple[Sequence[str], dict[str, JsonValue]]
] = {  # operator -> bounds, and their strictness
    "mustBeGreaterThan": (("min_value",), {"strict_min": True}),
    "mustBeGreaterOrEqualTo": (("min_value",), {}),
    "mustBeLessThan": (("max_value",), {"strict_max": True}),
    "mustBeLessOrEqualTo": (("max_value",), {}),
    "mustBeBetween": (("min_value", "max_value"), {}),
}
_COLUMN_KWARGS = ("column", "column_A", "column_B")


@dataclass(frozen=True, slots=True)
class _Check:
    """A rule's parts while it is read."""

    quality: DataQuality
    path: str
    column: str | None
    columns: Sequence[str]  # all columns of the dataset
    findings: Findings

    def refuse(self, part: str, rule: str, message: str) -> None:
        self.findings.add(f"{self.path}.{part}" if part else self.path, rule, message)


def read_rules(
    qualities: Sequence[DataQuality],
    path: str,
    column: str | None,
    columns: Sequence[str],
    findings: Findings,
) -> list[Rule]:
    """The rules of a column, or of the dataset if `column` is None. Text rules are for people: no rule."""
    rules: list[Rule] = []
    for index, quality in enumerate(qualities):
        check = _Check(quality, f"{path}[{index}]", column, columns, findings)
        severity = quality.severity or SEVERITIES[0]
        if severity not in SEVERITIES:
            check.refuse(
                "severity", "severity", f"expected {', '.join(SEVERITIES)}, got {severity!r}; use one of them"
            )
        expectations = _read(check)
        name = quality.name or quality.id or f"{column or 'dataset'}.{quality.metric or 'rule'}"
        description = " ".join((quality.description or "").split())
        for number, (expectation, kwargs) in enumerate(expectations):
            part = name if number == 0 else f"{name}.{number + 1}"
            rules.append(Rule(part, expectation, kwargs, description, severity))
    return rules


type _Expectation = tuple[str, dict[str, JsonValue]]


def _read(check: _Check) -> list[_Expectation]:
    kind = check.quality.type or "library"
    if kind == "text":
        return []
    if kind == "library":
        return _read_metric(check)
    if kind == "custom":
        return _read_custom(check)
    advice = "a query as engine greatExpectations with type unexpected_rows_expectation"
    check.refuse("type", "known-rule", f"expected library, custom or text, got {kind!r}; write {advice}")
    return []


def _read_metric(check: _Check) -> list[_Expectation]:
    quality = check.quality
    known = TABLE_ARGUMENTS if check.column is None else ARGUMENTS
    if quality.metric not in known:
        place = "the dataset" if check.column is None else "a column"
        given = repr(quality.metric) if quality.metric else "none"
        check.refuse(
            "metric", "known-rule", f"expected a metric of {place} ({', '.join(known)}), got {given}; use one"
        )
        return []
    arguments = _read_arguments(check, known[quality.metric])
    threshold = _read_threshold(check)
    if arguments is None or threshold is None:
        return []
    operator, values = threshold
    if quality.metric == "rowCount":
        return [_row_count(operator, values)]
    rows = quality.unit != "percent"
    if (operator, *values) in {
        ("mustBe", 0),
        ("mustBeLessOrEqualTo", 0),
        ("mustBeLessThan", 1 if rows else None),
    }:
        return _per_row(check, arguments, {})
    if operator == "mustBeLessOrEqualTo" and not rows:
        return _per_row(check, arguments, {"mostly": round(1 - values[0] / 100, 10)})
    return [_query(check, arguments, OPERATORS[operator], values)]


def _read_arguments(check: _Check, known: Sequence[str]) -> dict[str, list[JsonValue] | str] | None:
    arguments = check.quality.arguments or {}
    bad = len(check.findings.problems)
    for name, value in arguments.items():
        where = f"arguments.{name}"
        if name not in known:
            check.refuse(
                where,
                "known-argument",
                f"expected {', '.join(known) or 'no arguments'}, got {name!r}; correct it",
            )
        elif name == "pattern":
            if not is_pattern(value):
                check.refuse(
                    where, "argument-value", f"expected a regular expression, got {value!r}; correct it"
                )
        elif not isinstance(value, list) or not value:
            check.refuse(where, "argument-value", f"expected a list of values, got {value!r}; correct it")
        elif name == "properties":
            for missing in [column for column in value if column not in check.columns]:
                check.refuse(
                    where, "known-column", f"expected columns of the dataset, got {missing!r}; correct it"
                )
    if known and not arguments:
        check.refuse("arguments", "known-argument", f"expected {' or '.join(known)}, got none; add it")
    return arguments if len(check.findings.problems) == bad else None


def _read_threshold(check: _Check) -> tuple[str, list[float]] | None:
    quality = check.quality
    given = {name: value for name in OPERATORS if (value := getattr(quality, name)) is not None}
    if quality.unit not in (None, "rows", "percent") or (
        quality.unit == "percent" and quality.metric == "rowCount"
    ):
        check.refuse(
            "unit", "unit", f"expected rows (or percent, not for rowCount), got {quality.unit!r}; correct it"
        )
    if len(given) != 1:
        got = ", ".join(given) or "none"
        check.refuse(
            "",
            "one-operator",
            f"expected one operator ({', '.join(OPERATORS)}), got {got}; state one per rule",
        )
        return None
    ((operator, value),) = given.items()
    values = value if isinstance(value, list) else [value]
    if not all(type(number) in (int, float) for number in values) or values != sorted(values):
        check.refuse(
            operator,
            "operator-value",
            f"expected a number, or two in ascending order, got {value!r}; correct it",
        )
        return None
    return operator, values


def _per_row(check: _Check, arguments: Mapping[str, Any], mostly: dict[str, JsonValue]) -> list[_Expectation]:
    on_column: dict[str, JsonValue] = {"column": check.column, **mostly}
    match check.quality.metric:
        case "nullValues":
            return [("expect_column_values_to_not_be_null", on_column)]
        case "missingValues":
            values = [value for value in arguments["missingValues"] if value is not None]
            found: list[_Expectation] = []
            if None in arguments["missingValues"]:
                found.append(("expect_column_values_to_not_be_null", on_column))
            if values:
                found.append(("expect_column_values_to_not_be_in_set", on_column | {"value_set": values}))
            return found
        case "invalidValues":
            found = []
            if "validValues" in arguments:
                found.append(
                    ("expect_column_values_to_be_in_set", on_column | {"value_set": arguments["validValues"]})
                )
            if "pattern" in arguments:
                found.append(
                    ("expect_column_values_to_match_regex", on_column | {"regex": arguments["pattern"]})
                )
            return found
    columns = arguments.get("properties", [check.column])
    if len(columns) == 1:
        return [("expect_column_values_to_be_unique", {"column": columns[0], **mostly})]
    return [("expect_compound_columns_to_be_unique", {"column_list": columns, **mostly})]


def _row_count(operator: str, values: Sequence[float]) -> _Expectation:
    if operator not in _COUNT_BOUNDS:
        return _broken_if("count(*)", "{batch}", OPERATORS[operator], values)
    names, strict = _COUNT_BOUNDS[operator]
    return "expect_table_row_count_to_be_between", {**dict(zip(names, values, strict=True)), **strict}


def _query(
    check: _Check, arguments: Mapping[str, Any], operator: str, values: Sequence[float]
) -> _Expectation:
    percent = check.quality.unit == "percent"
    if check.quality.metric == "duplicateValues":
        names = [f"`{name}`" for name in arguments.get("properties", [check.column])]
        present = " AND ".join(f"{name} IS NOT NULL" for name in names)
        source = f"(SELECT count(*) AS n FROM {{batch}} WHERE {present} GROUP BY {', '.join(names)})"  # noqa: S608
        value = "sum(if(n > 1, n, 0))"
        return _broken_if(
            f"100.0 * {value} / sum(n)" if percent else f"coalesce({value}, 0)", source, operator, values
        )
    count = f"count_if({_bad_row(check, arguments)})"
    return _broken_if(f"100.0 * {count} / count(*)" if percent else count, "{batch}", operator, values)


def _bad_row(check: _Check, arguments: Mapping[str, Any]) -> str:
    name = f"`{check.column}`"
    conditions = []
    if check.quality.metric == "nullValues" or None in arguments.get("missingValues", ()):
        conditions.append(f"{name} IS NULL")
    if values := [_literal(value) for value in arguments.get("missingValues", ()) if value is not None]:
        conditions.append(f"{name} IN ({', '.join(values)})")
    if "validValues" in arguments:
        conditions.append(f"{name} NOT IN ({', '.join(map(_literal, arguments['validValues']))})")
    if "pattern" in arguments:
        conditions.append(f"NOT {name} RLIKE {_literal(arguments['pattern'])}")
    return " OR ".join(conditions)


def _broken_if(value: str, source: str, operator: str, values: Sequence[float]) -> _Expectation:
    valid = operator.format(*values, value="value")
    query = f"SELECT value FROM (SELECT {value} AS value FROM {source}) WHERE NOT ({valid})"  # noqa: S608
    return "unexpected_rows_expectation", {"unexpected_rows_query": query}


def _literal(value: JsonValue) -> str:
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace("{", "{{").replace("}", "}}")
        return f"'{escaped}'"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _read_custom(check: _Check) -> list[_Expectation]:
    quality = check.quality
    if (quality.engine or "").lower() not in ENGINES:
        check.refuse(
            "engine",
            "known-rule",
            f"expected greatExpectations, got {quality.engine!r}; other engines do not run",
        )
        return []
    implementation = quality.implementation
    if isinstance(implementation, str):
        try:
            implementation = yaml.safe_load(implementation)
        except yaml.YAMLError as error:
            check.refuse(
                "implementation", "yaml", f"expected YAML with type and kwargs, got a syntax error: {error}"
            )
            return []
    if not isinstance(implementation, dict) or set(implementation) - {"type", "expectation_type", "kwargs"}:
        check.refuse(
            "implementation",
            "implementation",
            f"expected type and kwargs, got {implementation!r}; correct it",
        )
        return []
    expectation = implementation.get("type", implementation.get("expectation_type"))
    kwargs = implementation.get("kwargs", {})
    if not isinstance(expectation, str) or not isinstance(kwargs, dict):
        check.refuse(
            "implementation", "implementation", "expected the name of an expectation as type; add it"
        )
        return []
    if (
        expectation.startswith("expect_column_")
        and check.column
        and not set(kwargs) & {*_COLUMN_KWARGS, "column_list"}
    ):
        kwargs = {"column": check.column, **kwargs}
    named = [kwargs[name] for name in _COLUMN_KWARGS if name in kwargs] + list(kwargs.get("column_list", ()))
    for missing in [name for name in named if name not in check.columns]:
        where = "implementation.kwargs"
        check.refuse(where, "known-column", f"expected a column of the dataset, got {missing!r}; correct it")
    return [(expectation, kwargs)]
