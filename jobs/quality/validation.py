"""Great Expectations on the rows of one dataset of a batch: which rules of the contract hold."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyspark.sql import DataFrame

from expectations.contract import Contract
from expectations.problems import GluelineError
from jobs.quality.gx_batch import batch_of
from jobs.quality.row_rules import RowRule, row_rules, rule_name

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
        return tuple(_rule_of(one) for one in self.result.results if not one.success)

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


def validate(validation: Validation) -> ValidationResult:
    """Evaluate the suite on the rows, which the caller has cached by now.

    GX uses its cheapest result format (BOOLEAN_ONLY); `add_counts` adds the counts that it leaves out. Raises
    RuleNotEvaluated, which names the rules that GX could not evaluate.
    """
    from great_expectations.core.result_format import ResultFormat

    result = validation.batch.validate(validation.suite, result_format=ResultFormat.BOOLEAN_ONLY)
    _raise_for_errors(validation.contract, result)
    return ValidationResult(validation.suite, result)


def add_counts(validated: ValidationResult, rows: int, broken_by: Mapping[str, int]) -> None:
    """Add the number of rows, and of rows that broke each row rule, under the names that GX uses."""
    for one in validated.result.results:
        if (number := broken_by.get(_rule_of(one))) is not None:
            one.result["element_count"] = rows
            one.result["unexpected_count"] = number
            one.result["unexpected_percent"] = 100 * number / rows if rows else 0.0


def _rule_of(one: "ExpectationValidationResult") -> str:
    return rule_name(one.expectation_config.meta if one.expectation_config else None)


def _raise_for_errors(contract: Contract, result: "ExpectationSuiteValidationResult") -> None:
    errors = [
        f"{_rule_of(one)}: {'; '.join(messages)}"
        for one in result.results
        if (messages := list(_error_messages(one.exception_info)))
    ]
    if errors:
        raise RuleNotEvaluated(
            f"{contract.source}: expected rules that can be evaluated on rows of {contract.dataset}, "
            f"got errors: {' | '.join(errors)}; correct the contract"
        )


def _error_messages(info: Mapping[str, Any] | None) -> Iterator[str]:
    """GX gives one exception_info for a rule, or one for each of its metrics."""
    if info and info.get("raised_exception"):
        yield str(info.get("exception_message")).strip()
    elif info and "raised_exception" not in info:
        for one in info.values():
            yield from _error_messages(one)
