"""Great Expectations on the rows of one dataset of a batch: which rules of the contract hold."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyspark.sql import DataFrame

from expectations.contract import Contract
from expectations.problems import GluelineError
from jobs.quality.gx_batch import batch_of
from jobs.quality.queries import any_query_failed, validate_apart
from jobs.quality.results import complete, error_messages, rule_name, rule_of
from jobs.quality.row_rules import RowRule, row_rules

if TYPE_CHECKING:
    from great_expectations.core import (
        ExpectationSuite,
        ExpectationSuiteValidationResult,
        ExpectationValidationResult,
    )
    from great_expectations.datasource.fluent.interfaces import Batch


class RuleNotEvaluated(GluelineError):
    """Raised when a rule of a contract cannot be evaluated on its rows."""


@dataclass(frozen=True, slots=True)
class RuleCounts:
    """How many rows were judged by the row rules, and how many of them break each."""

    judged: int
    broken_by: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Validation:
    """A contract's suite, the rows that it is about, and the rules that reject rows."""

    contract: Contract
    suite: "ExpectationSuite"
    batch: "Batch"
    row_rules: tuple[RowRule, ...]


@dataclass(frozen=True, slots=True)
class ValidationResult:
    """A suite and GX's result of it."""

    suite: "ExpectationSuite"
    result: "ExpectationSuiteValidationResult"

    @property
    def success(self) -> bool:
        """Whether all rules hold."""
        return bool(self.result.success)

    @property
    def broken(self) -> tuple[str, ...]:
        """The names of the rules that do not hold."""
        return tuple(rule_of(one) for one in self.result.results if not one.success)

    @property
    def statistics(self) -> str:
        """How many rules there are and how many hold, as JSON."""
        return json.dumps(self.result.statistics)

    @property
    def as_json(self) -> str:
        """The whole result, as JSON."""
        plain: Any = self.result.to_json_dict()  # type: ignore[no-untyped-call]
        return json.dumps(plain)


def prepare(rows: DataFrame, contract: Contract) -> Validation:
    """The contract's suite over the rows; reads none of them."""
    from expectations.suite import build_suite

    batch = batch_of(rows, contract.dataset)
    return Validation(contract, build_suite(contract), batch, row_rules(contract, rows.schema))


def validate(validation: Validation, counts: RuleCounts | None = None) -> ValidationResult:
    """Evaluate the suite on the rows, which the caller has cached by now.

    With the counts of the row rules GX evaluates the others only: a row rule holds if no row breaks the
    condition by which GX would count them again. GX uses its cheapest result format (BOOLEAN_ONLY). Raises
    RuleNotEvaluated, which names the rules that GX could not evaluate. A query that fails on the rows, for
    example by a division by zero, is a broken rule.
    """
    from great_expectations.core import ExpectationSuite
    from great_expectations.core.result_format import ResultFormat

    batch, suite, how = validation.batch, validation.suite, ResultFormat.BOOLEAN_ONLY
    counted = [] if counts is None else _results_of_counts(validation, counts)
    known = {rule_of(one) for one in counted}
    rest = [one for one in suite.expectations if rule_name(one.meta) not in known]
    to_evaluate = ExpectationSuite(name=suite.name, expectations=rest, meta=suite.meta)
    result = batch.validate(to_evaluate, result_format=how)
    if any_query_failed(result):
        result = validate_apart(batch, to_evaluate, how)
    _raise_for_errors(validation.contract, result)
    complete(result, suite, counted)
    return ValidationResult(suite, result)


def _results_of_counts(validation: Validation, counts: RuleCounts) -> list["ExpectationValidationResult"]:
    """The results of the row rules, with the counts under the names that GX uses."""
    from great_expectations.core import ExpectationValidationResult

    rows, results = counts.judged, []
    for one in validation.suite.expectations:
        if (broken := counts.broken_by.get(rule_name(one.meta))) is not None:
            configuration = one.configuration
            configuration.kwargs["batch_id"] = validation.batch.id
            found = {
                "element_count": rows,
                "unexpected_count": broken,
                "unexpected_percent": 100 * broken / rows if rows else 0.0,
            }
            results.append(
                ExpectationValidationResult(
                    success=not broken, expectation_config=configuration, result=found
                )
            )
    return results


def _raise_for_errors(contract: Contract, result: "ExpectationSuiteValidationResult") -> None:
    errors = [
        f"{rule_of(one)}: {'; '.join(messages)}"
        for one in result.results
        if (messages := list(error_messages(one)))
    ]
    if errors:
        raise RuleNotEvaluated(
            f"{contract.source}: expected rules that can be evaluated on rows of {contract.dataset}, "
            f"got errors: {' | '.join(errors)}; correct the contract"
        )
