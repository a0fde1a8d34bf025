"""What the results of Great Expectations say: the rule that each is about, and the errors in it."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from great_expectations.core import ExpectationValidationResult


def rule_name(meta: Mapping[str, Any] | None) -> str:
    """The contract's name of the rule from which an expectation was built."""
    return str((meta or {})["rule"])


def rule_of(one: "ExpectationValidationResult") -> str:
    """The name of the rule that a result is about."""
    return rule_name(one.expectation_config.meta if one.expectation_config else None)


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
