"""Rules whose query fails on the rows of a batch, for example by a division by zero or a CAST.

Great Expectations computes all aggregates in one pass, which fails as a whole. Then each query is evaluated
alone: those that fail are broken rules with the error as reason, and stop no other rule.
"""

from typing import TYPE_CHECKING, Any

from jobs.quality.results import complete, error_messages

if TYPE_CHECKING:
    from great_expectations.core import (
        ExpectationSuite,
        ExpectationSuiteValidationResult,
        ExpectationValidationResult,
    )
    from great_expectations.datasource.fluent.interfaces import Batch

_QUERY = "expect_query_value"
_SHOWN = 500  # characters of an error


def any_query_failed(result: "ExpectationSuiteValidationResult") -> bool:
    """Whether the value of a query could not be computed."""
    return any(_is_query(one) and any(error_messages(one)) for one in result.results)


def validate_apart(batch: "Batch", suite: "ExpectationSuite", how: Any) -> "ExpectationSuiteValidationResult":
    """The result of the suite, each of whose queries is evaluated alone. Queries that fail are broken."""
    from great_expectations.core import ExpectationSuite

    queries = [one for one in suite.expectations if one.expectation_type == _QUERY]
    others = [one for one in suite.expectations if one.expectation_type != _QUERY]
    result = batch.validate(ExpectationSuite(name=suite.name, expectations=others), result_format=how)
    complete(result, suite, [_as_broken(batch.validate(query, result_format=how)) for query in queries])
    return result


def _as_broken(one: "ExpectationValidationResult") -> "ExpectationValidationResult":
    """The result of a query; one that failed has the error in the place of its value."""
    if messages := list(error_messages(one)):
        one.success = False
        one.result["observed_value"] = f"no value: {'; '.join(dict.fromkeys(messages))[:_SHOWN]}"
        one.exception_info = {
            "raised_exception": False,
            "exception_message": None,
            "exception_traceback": None,
        }
    return one


def _is_query(one: "ExpectationValidationResult") -> bool:
    return one.expectation_config is not None and one.expectation_config.type == _QUERY
