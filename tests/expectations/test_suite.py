"""The only module of these tests that imports Great Expectations, which takes seconds."""

import json
import warnings
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Great Expectations and its dependencies warn about each other
    from expectations.suite import build_suite  # without the half of it that no rule needs

    # isort: split
    import great_expectations as gx
from expectations import timestamps
from expectations.contract import Column, Contract, Row, Rule
from expectations.problems import ContractError
from expectations.spark_schema import row_schema
from tests import builders
from tests.expectations.contract_files import load

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.filterwarnings(
    "ignore:::great_expectations", "ignore:::marshmallow", "ignore:::pyspark"
)


YEAR = "2017-01-01T00:00:00Z"


def with_rules(*rules: Rule) -> Contract:
    return Contract("samples", "1", "", (Column("c", "timestamp"), Column("d", "date")), ("c",), rules=rules)


@pytest.mark.parametrize("dataset", ["transactions", "products", "households"])
def test_a_suite_has_the_contracts_rules_in_their_order(dataset: str) -> None:
    contract = builders.contracts()[dataset]

    suite = build_suite(contract)

    assert suite.name == dataset
    assert [
        ((expectation.meta or {})["rule"], expectation.expectation_type, expectation.severity)
        for expectation in suite.expectations
    ] == [(rule.name, rule.expectation, rule.severity) for rule in contract.rules]


def test_a_suite_survives_its_json_form() -> None:
    suite = build_suite(builders.contracts()["transactions"])

    plain: Any = json.loads(json.dumps(suite.to_json_dict()))

    assert [one.expectation_type for one in gx.ExpectationSuite(**plain).expectations] == [
        one.expectation_type for one in suite.expectations
    ]


def test_limits_of_dates_and_timestamps_are_typed() -> None:
    between, in_set = build_suite(
        with_rules(
            Rule(
                "a",
                "expect_column_values_to_be_between",
                {"column": "c", "min_value": "2017-01-01T00:00:00Z"},
            ),
            Rule("b", "expect_column_values_to_be_in_set", {"column": "d", "value_set": ["2017-01-31"]}),
        )
    ).expectations

    assert between.configuration.kwargs["min_value"] == datetime(2017, 1, 1, tzinfo=UTC)
    assert in_set.configuration.kwargs["value_set"] == [date(2017, 1, 31)]


def test_all_rules_that_great_expectations_refuses_are_reported() -> None:
    contract = with_rules(
        Rule("typo", "expect_column_values_to_be_shiny", {"column": "c"}),
        Rule("fine", "expect_column_values_to_be_unique", {"column": "c"}),
        Rule("wrong", "expect_column_values_to_be_unique", {"column": "c", "colour": "red"}),
        Rule("lacking", "expect_column_values_to_match_regex", {}),
    )

    with pytest.raises(ContractError) as error:
        build_suite(replace(contract, source="samples.yaml"))

    assert [(problem.path, problem.rule) for problem in error.value.problems] == [
        ("rule typo", "known-expectation"),
        ("rule wrong", "known-expectation"),
        ("rule lacking", "known-expectation"),
    ]
    assert str(error.value).startswith(
        "samples.yaml: rule typo: expected an expectation of Great Expectations, "
        "got 'expect_column_values_to_be_shiny'; correct the name"
    )


@pytest.fixture(scope="module")
def context() -> Any:
    return gx.get_context(mode="ephemeral")


def broken_rules(spark: "SparkSession", context: Any, contract: Contract, rows: list[Row]) -> set[str]:
    """The names of the rules that the rows break."""
    names = [column.name for column in contract.columns]
    typed = [tuple(_typed(contract.column(name), row.get(name)) for name in names) for row in rows]
    schema = row_schema(contract)
    for field in schema:
        field.nullable = True
    batch = (
        context.data_sources.add_or_update_spark(name="tests", persist=False)
        .add_dataframe_asset("rows")
        .add_batch_definition_whole_dataframe("all")
        .get_batch({"dataframe": spark.createDataFrame(typed, schema)})
    )
    result = batch.validate(build_suite(contract), result_format="BOOLEAN_ONLY")
    failed = [checked for checked in result.results if not checked.success]
    assert [
        checked.exception_info for checked in failed if checked.exception_info.get("raised_exception")
    ] == []
    return {checked.expectation_config.meta["rule"] for checked in failed}


def _typed(column: Column, value: Any) -> Any:
    if value is None:
        return None
    if column.kind == "timestamp":
        return timestamps.parse(value)
    return Decimal(value) if column.kind == "decimal" else value


@pytest.mark.spark
@pytest.mark.parametrize(("dataset", "every"), [("transactions", 2999), ("products", 293), ("households", 7)])
def test_real_rows_break_no_rule(spark: "SparkSession", context: Any, dataset: str, every: int) -> None:
    rows = list(builders.real_rows(dataset, every))

    assert broken_rules(spark, context, builders.contracts()[dataset], rows) == set()


@pytest.mark.spark
def test_each_broken_rule_is_found(spark: "SparkSession", context: Any) -> None:
    rows = [
        builders.transaction(),
        builders.transaction(
            quantity=-1,
            status="lost",
            sales_value=None,
            transaction_timestamp="2016-12-31T23:59:59.999999Z",
            updated_at="2016-12-31T00:00:00Z",
        ),
    ]

    assert broken_rules(spark, context, builders.contracts()["transactions"], rows) == {
        "quantity.range",
        "status.known",
        "sales_value.required",
        "transaction_timestamp.range",
        "updated_at.after_sale",
    }


@pytest.mark.spark
def test_a_threshold_is_kept_or_broken_as_it_says(
    spark: "SparkSession", context: Any, tmp_path: Path
) -> None:
    thresholds = {
        "metric: nullValues, mustBeLessThan: 2": True,
        "metric: nullValues, mustBeGreaterThan: 1": False,
        "metric: nullValues, mustBeLessThan: 25, unit: percent": False,
        "metric: nullValues, mustBeLessOrEqualTo: 25, unit: percent": True,
        "metric: nullValues, mustBeBetween: [25, 30], unit: percent": True,
        "metric: duplicateValues, mustBe: 2": True,
        "metric: duplicateValues, mustBeLessThan: 60, unit: percent": False,
        "metric: invalidValues, arguments: {validValues: [1]}, mustNotBe: 1": False,
        "metric: invalidValues, arguments: {pattern: '^[0-9]{1}[.]50$'}, mustBe: 2": True,
    }
    entries = [f"{{name: '{number}', {threshold}}}" for number, threshold in enumerate(thresholds)]
    contract = load(
        tmp_path, "{name: amount.given, metric: nullValues, mustBe: 0}", "\n          - ".join(entries)
    )
    amounts = [None, Decimal("1.00"), Decimal("1.00"), Decimal("2.50")]
    rows = [
        {"order_id": number, "amount": amount, "changed_at": YEAR} for number, amount in enumerate(amounts)
    ]

    broken = broken_rules(spark, context, contract, rows)

    assert {threshold: str(n) not in broken for n, threshold in enumerate(thresholds)} == thresholds
