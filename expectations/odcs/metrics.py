"""The metrics of the ODCS library as expectations of Great Expectations.

A metric that must be zero becomes an expectation about single rows, so that the failing rows are known. A
tolerated percentage of rows becomes `mostly`. Every other threshold becomes a query that returns a row
exactly if it is broken. In a query, `{batch}` is the batch; literals have no braces
(`expectations.spark_literals`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from expectations.contract import JsonValue
from expectations.patterns import to_java
from expectations.spark_literals import literal

if TYPE_CHECKING:
    from expectations.sql.queries import Query

type Expectation = tuple[str, dict[str, JsonValue]]

OPERATORS = {  # operator -> SQL that is true if a value keeps it
    "mustBe": "value = {0}",
    "mustNotBe": "value <> {0}",
    "mustBeGreaterThan": "value > {0}",
    "mustBeGreaterOrEqualTo": "value >= {0}",
    "mustBeLessThan": "value < {0}",
    "mustBeLessOrEqualTo": "value <= {0}",
    "mustBeBetween": "value BETWEEN {0} AND {1}",
    "mustNotBeBetween": "value NOT BETWEEN {0} AND {1}",
}
COLUMN_ARGUMENTS: dict[str, tuple[str, ...]] = {  # metric of a column -> its arguments
    "nullValues": (),
    "missingValues": ("missingValues",),
    "invalidValues": ("validValues", "pattern"),
    "duplicateValues": (),
}
DATASET_ARGUMENTS: dict[str, tuple[str, ...]] = {"duplicateValues": ("properties",), "rowCount": ()}
_COUNT_BOUNDS: dict[str, tuple[Sequence[str], dict[str, JsonValue]]] = {  # operator -> bounds, strictness
    "mustBeGreaterThan": (("min_value",), {"strict_min": True}),
    "mustBeGreaterOrEqualTo": (("min_value",), {}),
    "mustBeLessThan": (("max_value",), {"strict_max": True}),
    "mustBeLessOrEqualTo": (("max_value",), {}),
    "mustBeBetween": (("min_value", "max_value"), {}),
}


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric of a column, or of the dataset if `column` is None."""

    name: str
    column: str | None
    arguments: Mapping[str, Any]

    @property
    def columns(self) -> Sequence[str]:
        """The columns that the metric is about."""
        return list(self.arguments.get("properties", [self.column]))


@dataclass(frozen=True, slots=True)
class Threshold:
    """The value that a metric must have, as a number of rows or a percentage of them."""

    operator: str
    values: tuple[float, ...]
    percent: bool

    @property
    def is_zero(self) -> bool:
        """Whether only zero keeps the threshold."""
        below_one = not self.percent and (self.operator, self.values) == ("mustBeLessThan", (1,))
        return below_one or (self.operator in ("mustBe", "mustBeLessOrEqualTo") and self.values == (0,))


def expectation_of_query(text: str, query: "Query", threshold: Threshold) -> Expectation:
    """The expectation that holds exactly if the value of a query keeps the threshold.

    A count of rows that must be zero is about single rows, as a metric is.
    """
    written = " ".join(text.split())
    if query.counted is not None and threshold.is_zero:
        counted = query.counted
        return "expect_no_rows_where", {
            "column": counted.columns[0],
            "columns": list(counted.columns),
            "where": counted.written,
            "condition": counted.sql,
        }
    limits: list[JsonValue] = [str(Decimal(str(value))) for value in threshold.values]
    aggregate = f"CAST({query.sql} AS INT)" if query.is_boolean else query.sql
    return "expect_query_value", {
        "query": written,
        "aggregate": aggregate,
        "operator": threshold.operator,
        "limits": limits,
    }


def expectations_of(metric: Metric, threshold: Threshold) -> list[Expectation]:
    """The expectations that all hold exactly if the metric keeps the threshold."""
    if metric.name == "rowCount":
        return [_row_count(threshold)]
    if threshold.is_zero:
        return _per_row(metric, {})
    if threshold.percent and threshold.operator == "mustBeLessOrEqualTo":
        return _per_row(metric, {"mostly": round(1 - threshold.values[0] / 100, 10)})
    if metric.name == "duplicateValues":
        return [_duplicates_query(metric, threshold)]
    count = f"count_if({_bad_row(metric)})"
    return [_query(f"100.0 * {count} / count(*)" if threshold.percent else count, "{batch}", threshold)]


def _row_count(threshold: Threshold) -> Expectation:
    if threshold.operator not in _COUNT_BOUNDS:
        return _query("count(*)", "{batch}", threshold)
    names, strict = _COUNT_BOUNDS[threshold.operator]
    bounds = dict(zip(names, threshold.values, strict=True))
    return "expect_table_row_count_to_be_between", {**bounds, **strict}


def _per_row(metric: Metric, mostly: Mapping[str, JsonValue]) -> list[Expectation]:
    on_column: dict[str, JsonValue] = {"column": metric.column, **mostly}
    match metric.name:
        case "nullValues":
            return [("expect_column_values_to_not_be_null", on_column)]
        case "missingValues":
            missing = metric.arguments["missingValues"]
            values = [value for value in missing if value is not None]
            return [
                *([("expect_column_values_to_not_be_null", on_column)] if None in missing else []),
                *(
                    [("expect_column_values_to_not_be_in_set", on_column | {"value_set": values})]
                    if values
                    else []
                ),
            ]
        case "invalidValues":
            expectations = {"validValues": "to_be_in_set", "pattern": "to_match_regex"}
            kwargs = {"validValues": "value_set", "pattern": "regex"}
            return [
                (f"expect_column_values_{expectations[name]}", on_column | {kwargs[name]: value})
                for name, value in metric.arguments.items()
            ]
    if len(metric.columns) == 1:
        return [("expect_column_values_to_be_unique", {"column": metric.columns[0], **mostly})]
    return [("expect_compound_columns_to_be_unique", {"column_list": list(metric.columns), **mostly})]


def _duplicates_query(metric: Metric, threshold: Threshold) -> Expectation:
    names = [f"`{name}`" for name in metric.columns]
    present = " AND ".join(f"{name} IS NOT NULL" for name in names)
    groups = f"(SELECT count(*) AS n FROM {{batch}} WHERE {present} GROUP BY {', '.join(names)})"  # noqa: S608 -- the contract's names
    count = "sum(if(n > 1, n, 0))"
    return _query(
        f"100.0 * {count} / sum(n)" if threshold.percent else f"coalesce({count}, 0)", groups, threshold
    )


def _bad_row(metric: Metric) -> str:
    name, arguments = f"`{metric.column}`", metric.arguments
    missing = [None] if metric.name == "nullValues" else arguments.get("missingValues", [])
    conditions = [f"{name} IS NULL"] if None in missing else []
    if values := [_literal(value) for value in missing if value is not None]:
        conditions.append(f"{name} IN ({', '.join(values)})")
    if "validValues" in arguments:
        conditions.append(f"{name} NOT IN ({', '.join(map(_literal, arguments['validValues']))})")
    if "pattern" in arguments:
        conditions.append(f"NOT {name} RLIKE {_literal(to_java(arguments['pattern']))}")
    return " OR ".join(conditions)


def _query(value: str, source: str, threshold: Threshold) -> Expectation:
    kept = OPERATORS[threshold.operator].format(*threshold.values)
    query = f"SELECT value FROM (SELECT {value} AS value FROM {source}) WHERE NOT ({kept})"  # noqa: S608 -- the contract's own terms
    return "unexpected_rows_expectation", {"unexpected_rows_query": query}


def _literal(value: JsonValue) -> str:
    """A value of a rule as SQL. A number with a fraction becomes the exact decimal in the contract."""
    return literal(Decimal(str(value)) if isinstance(value, float) else value)
