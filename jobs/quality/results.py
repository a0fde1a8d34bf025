"""The results of Great Expectations: the rule that each is about, the errors in it, and several as one."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from great_expectations.core import (
        ExpectationSuite,
        ExpectationSuiteValidationResult,
        ExpectationValidationResult,
    )


def rule_name(meta: Mapping[str, Any] | None) -> str:
    """The contract's name of the rule from which an expectation was built."""
    return str((meta or {})["rule"])


def rule_of(one: "ExpectationValidationResult") -> str:
    """The name of the rule that a result is about."""
    return rule_name(one.expectation_config.meta if one.expectation_config else None)


def complete(
    result: "ExpectationSuiteValidationResult",
    suite: "ExpectationSuite",
    others: Iterable["ExpectationValidationResult"],
) -> None:
    """Add the results of the suite's other rules to the result of some, in the order of the suite."""
    from great_expectations.validator.validation_statistics import calc_validation_statistics

    by_rule = {rule_of(one): one for one in (*result.results, *others)}
    result.results = [by_rule[rule_name(one.meta)] for one in suite.expectations]
    counted = calc_validation_statistics(result.results)
    result.success = counted.success
    result.statistics = {name: getattr(counted, name) for name in result.statistics}


def error_messages(one: "ExpectationValidationResult") -> Iterator[str]:
    """The errors because of which a rule could not be evaluated."""
    yield from _messages(one.exception_info)


def _messages(info: Mapping[str, Any] | None) -> Iterator[str]:
    """GX gives one exception_info for a rule, or one for each of its metrics."""
    if info and info.get("raised_exception"):
        yield str(info.get("exception_message")).strip()
    elif info and "raised_exception" not in info:
        for one in info.values():
            yield from _messages(one)
