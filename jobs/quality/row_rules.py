"""The rules by which single rows are rejected, as the conditions that Great Expectations evaluates.

GX reports whether an expectation holds. It reports which rows break it only by collecting them. But the
condition by which it counts them is a metric (`column_values.between.condition`, …) and a Spark expression,
so no rule is written twice, and one pass over the rows evaluates all rules.

A rule rejects rows if it is critical, allows no exceptions (`mostly`), and evaluates each row by itself.
Other rules (row counts, uniqueness, shares) depend on how changes happen to be divided into batches: their
results are kept, but must not decide what the table holds.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from string import Template
from typing import TYPE_CHECKING, Any

from pyspark.sql import Column as Expression
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from expectations.contract import Contract, Rule
from jobs.changes.projections import once_per_jvm
from jobs.changes.reasons import or_false, reason, shown
from jobs.quality.gx_batch import batch_of, engine_of
from jobs.quality.results import rule_name

if TYPE_CHECKING:
    from great_expectations.execution_engine.sparkdf_execution_engine import SparkDFExecutionEngine
    from great_expectations.expectations.expectation import Expectation
    from great_expectations.validator.metric_configuration import MetricConfiguration


@dataclass(frozen=True, slots=True)
class RowRule:
    """A rule that rejects rows: `broken` is true for rows that break it, and never null.

    `expected` describes the rule; it is a function because GX renders slowly and most runs need none.
    """

    name: str
    broken: Expression
    expected: Callable[[], str]
    columns: tuple[str, ...]

    @property
    def reason(self) -> Expression:
        """The reason against a row; null for rows that keep the rule."""
        got = [_got(name, alone=len(self.columns) == 1) for name in self.columns]
        return reason(self.broken, f"{self.name}: {self.expected()}, got ", F.concat_ws(", ", *got))


@once_per_jvm
def row_rules(contract: Contract, schema: StructType) -> tuple[RowRule, ...]:
    """The rules of the contract that reject rows of frames with this schema.

    A rule that GX cannot turn into a condition is left out: the validation needs the same condition, and
    reports the error. GX takes longer to make conditions than to evaluate those of few rows, so they are made
    once in a JVM.
    """
    from great_expectations.validator.metrics_calculator import MetricsCalculator

    from expectations.suite import build_suite

    no_rows = SparkSession.active().createDataFrame([], schema)
    engine = engine_of(batch_of(no_rows, contract.dataset))
    expectations = {rule_name(one.meta): one for one in build_suite(contract).expectations}
    metrics = {
        rule.name: metric
        for rule in contract.rules
        if (metric := _condition_metric(expectations[rule.name], rule, engine)) is not None
    }
    named: Mapping[str, Any] = {rule.name: rule.kwargs.get("columns") for rule in contract.rules}
    # Conditions are expressions: nothing is computed here.
    resolved, _ = MetricsCalculator(engine).compute_metrics(list(metrics.values()))
    conditions: Mapping[Any, Any] = resolved
    return tuple(
        RowRule(
            name,
            or_false(conditions[metric.id][0] & _is_evaluated(metric.metric_domain_kwargs, engine)),
            partial(_expected, expectations[name]),
            tuple(named.get(name) or _columns(metric.metric_domain_kwargs)),
        )
        for name, metric in metrics.items()
        if metric.id in conditions
    )


def _condition_metric(
    expectation: "Expectation", rule: Rule, engine: "SparkDFExecutionEngine"
) -> "MetricConfiguration | None":
    """The metric that is the rule's condition on a row; None if the rule does not reject rows."""
    from great_expectations.core.metric_function_types import MetricPartialFunctionTypes
    from great_expectations.expectations.registry import get_metric_kwargs, get_metric_provider
    from great_expectations.validator.metric_configuration import MetricConfiguration

    map_metric = getattr(expectation, "map_metric", None)
    if map_metric is None or rule.severity != "critical" or rule.kwargs.get("mostly", 1) != 1:
        return None
    name = f"{map_metric}.condition"
    _, provider = get_metric_provider(name, engine)
    if getattr(provider, "metric_fn_type", None) != MetricPartialFunctionTypes.MAP_CONDITION_FN:
        return None  # the condition is a window over all rows
    kwargs = get_metric_kwargs(name, expectation.configuration)
    return MetricConfiguration(name, kwargs["metric_domain_kwargs"], kwargs["metric_value_kwargs"])


def _is_evaluated(domain: Mapping[str, Any], engine: "SparkDFExecutionEngine") -> Expression:
    """Whether the expectation evaluates a row: GX filters its frame by this condition before it counts."""
    from great_expectations.expectations.row_conditions import PassThroughCondition, deserialize_row_condition

    is_evaluated = F.lit(True)
    condition: Any = deserialize_row_condition(domain.get("row_condition"))
    if isinstance(condition, PassThroughCondition):
        is_evaluated = is_evaluated & F.expr(condition.pass_through_filter)
    elif condition is not None:
        is_evaluated = is_evaluated & F.expr(engine.condition_to_filter_clause(condition))
    missing = [F.col(name).isNull() for name in _columns(domain)]
    match domain.get("ignore_row_if"):
        case "both_values_are_missing" | "all_values_are_missing":
            is_evaluated = is_evaluated & ~_all(missing)
        case "either_value_is_missing" | "any_value_is_missing":
            is_evaluated = is_evaluated & _all([~is_missing for is_missing in missing])
    return is_evaluated


def _all(conditions: list[Expression]) -> Expression:
    met = F.lit(True)
    for condition in conditions:
        met = met & condition
    return met


def _columns(domain: Mapping[str, Any]) -> Iterator[str]:
    for part in ("column", "column_A", "column_B"):
        if part in domain:
            yield domain[part]
    yield from domain.get("column_list", ())


def _expected(expectation: "Expectation") -> str:
    """What the rule expects: its description in the contract, or the text that GX renders."""
    from great_expectations.render.renderer.inline_renderer import InlineRenderer

    for content in InlineRenderer(render_object=expectation.configuration).get_rendered_content():
        if content.name == "atomic.prescriptive.summary":
            values = {
                name: _as_written(param["value"]) for name, param in (content.value.params or {}).items()
            }
            return Template(content.value.template or "").safe_substitute(values).strip().rstrip(".")
    return f"expected {expectation.configuration.type}"


def _as_written(value: Any) -> Any:
    """A limit as the contract has it: GX turns 53 into 53.0."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _got(name: str, *, alone: bool) -> Expression:
    value = F.coalesce(shown(F.col(name).cast("string")), F.lit("null"))
    return value if alone else F.concat(F.lit(f"{name} = "), value)
