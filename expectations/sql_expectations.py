"""Expectations of Great Expectations for rules of type `sql`, with the metrics that evaluate them on Spark.

`expect_query_value` compares the value of a query with a threshold. The value is an aggregate, which Great
Expectations computes with all other aggregates in one pass. `expect_no_rows_where` is about single rows.

`expectations.sql` translates the queries.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, ClassVar

from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.core.metric_function_types import MetricPartialFunctionTypes
from great_expectations.execution_engine.sparkdf_execution_engine import SparkDFExecutionEngine
from great_expectations.expectations.expectation import (
    BatchExpectation,
    ColumnMapExpectation,
    render_suite_parameter_string,
)
from great_expectations.expectations.metrics.map_metric_provider.column_condition_partial import (
    column_condition_partial,
)
from great_expectations.expectations.metrics.map_metric_provider.column_map_metric_provider import (
    ColumnMapMetricProvider,
)
from great_expectations.expectations.metrics.metric_provider import metric_partial
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider
from great_expectations.render.components import LegacyRendererType, RenderedStringTemplateContent
from great_expectations.render.renderer.renderer import renderer
from great_expectations.render.renderer_configuration import RendererConfiguration, RendererValueType

_VALUE = "value"
_KEPT: Mapping[str, Callable[[Decimal, list[Decimal]], bool]] = {  # operator -> whether a value keeps it
    "mustBe": lambda value, limits: value == limits[0],
    "mustNotBe": lambda value, limits: value != limits[0],
    "mustBeGreaterThan": lambda value, limits: value > limits[0],
    "mustBeGreaterOrEqualTo": lambda value, limits: value >= limits[0],
    "mustBeLessThan": lambda value, limits: value < limits[0],
    "mustBeLessOrEqualTo": lambda value, limits: value <= limits[0],
    "mustBeBetween": lambda value, limits: limits[0] <= value <= limits[1],
    "mustNotBeBetween": lambda value, limits: not limits[0] <= value <= limits[1],
}


class QueryValue(TableMetricProvider):
    """The value of a query as text, which keeps the digits of decimals."""

    metric_name = "table.query_value"
    value_keys = ("aggregate",)

    @metric_partial(
        engine=SparkDFExecutionEngine,
        partial_fn_type=MetricPartialFunctionTypes.AGGREGATE_FN,
        domain_type=MetricDomainTypes.TABLE,
    )
    def _spark(
        cls, metric_domain_kwargs: dict[str, Any], metric_value_kwargs: dict[str, Any], **_: Any
    ) -> tuple[Any, dict[str, Any], dict[str, Any]]:
        from pyspark.sql import functions as F

        return F.expr(f"CAST({metric_value_kwargs['aggregate']} AS STRING)"), metric_domain_kwargs, {}


class NoRowsWhere(ColumnMapMetricProvider):
    """Whether a row does not meet a condition, which may be about several columns."""

    condition_metric_name = "column_values.no_rows_where"
    condition_value_keys = ("condition",)
    filter_column_isnull = False

    @column_condition_partial(engine=SparkDFExecutionEngine)
    def _spark(cls, column: Any, condition: str, **_: Any) -> Any:
        from pyspark.sql import functions as F

        return ~F.coalesce(F.expr(condition), F.lit(False))


class _Described:
    """An expectation whose entry in Data Docs is a sentence with texts of its configuration."""

    sentence: ClassVar[str]

    @staticmethod
    def texts(configuration: Mapping[str, Any]) -> dict[str, str]:
        """The text of each parameter of the sentence."""
        raise NotImplementedError

    @classmethod
    @renderer(renderer_type=LegacyRendererType.PRESCRIPTIVE)
    @render_suite_parameter_string
    def _prescriptive_renderer(
        cls, configuration: Any = None, result: Any = None, runtime_configuration: Any = None, **_: Any
    ) -> list[RenderedStringTemplateContent]:
        params = cls.texts(configuration.kwargs if configuration else {})
        return [
            RenderedStringTemplateContent(
                content_block_type="string_template",
                string_template={"template": cls.sentence, "params": params},
            )
        ]

    @classmethod
    def _prescriptive_template(
        cls, renderer_configuration: RendererConfiguration[Any]
    ) -> RendererConfiguration[Any]:
        for name, text in cls.texts(renderer_configuration.kwargs).items():
            renderer_configuration.add_param(name=name, param_type=RendererValueType.STRING, value=text)
        renderer_configuration.template_str = cls.sentence
        return renderer_configuration


class ExpectQueryValue(_Described, BatchExpectation):
    """A threshold that the value of a query keeps. A query without a value keeps every threshold."""

    query: str  # as it is written
    aggregate: str  # in Spark SQL
    operator: str
    limits: list[str]  # numbers, as text

    metric_dependencies = ("table.query_value",)
    domain_keys = ("batch_id", "row_condition", "condition_parser")
    success_keys = ("query", "aggregate", "operator", "limits")
    args_keys = ("query", "aggregate", "operator", "limits")
    library_metadata: ClassVar[dict[str, Any]] = {}
    sentence: ClassVar[str] = "$query: $operator $limits"

    def _validate(
        self, metrics: dict[Any, Any], runtime_configuration: Any = None, execution_engine: Any = None
    ) -> dict[Any, Any]:
        text = metrics["table.query_value"]
        return {"success": text is None or self._is_kept(Decimal(text)), "meta": {_VALUE: text}}

    def _is_kept(self, value: Decimal) -> bool:
        """Whether a value keeps the threshold. NaN keeps none, as it is not comparable."""
        limits = [Decimal(limit) for limit in self.limits]
        return not value.is_nan() and _KEPT[self.operator](value, limits)

    def _build_evr(self, raw_response: Any, **kwargs: Any) -> Any:
        """The result with the value, which GX leaves out of its cheapest result format."""
        result = super()._build_evr(raw_response, **kwargs)
        result.result["observed_value"] = result.meta.pop(_VALUE, None)
        return result

    @staticmethod
    def texts(configuration: Mapping[str, Any]) -> dict[str, str]:
        """The query, the operator and its limits."""
        return {
            "query": configuration.get("query", ""),
            "operator": configuration.get("operator", ""),
            "limits": ", ".join(configuration.get("limits", ())),
        }


class ExpectNoRowsWhere(_Described, ColumnMapExpectation):
    """No row meets a condition."""

    columns: list[str]  # all that the condition is about
    where: str  # as it is written
    condition: str  # in Spark SQL

    map_metric = "column_values.no_rows_where"
    success_keys = ("mostly", "columns", "where", "condition")
    args_keys = ("column", "columns", "where", "condition")
    library_metadata: ClassVar[dict[str, Any]] = {}
    sentence: ClassVar[str] = "no row may meet $where"

    def _validate(
        self, metrics: dict[Any, Any], runtime_configuration: Any = None, execution_engine: Any = None
    ) -> dict[Any, Any]:
        return {"success": not metrics[f"{self.map_metric}.unexpected_count"]}

    @staticmethod
    def texts(configuration: Mapping[str, Any]) -> dict[str, str]:
        """The condition as it is written."""
        return {"where": configuration.get("where", "")}
