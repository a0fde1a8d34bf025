"""Contract -> Great Expectations suite: the contract's rules in the form that GX evaluates."""

import struct
from datetime import date
from typing import Any

import expectations.import_of_gx  # before anything else imports Great Expectations

# isort: split
from great_expectations.core import ExpectationSuite
from great_expectations.exceptions.exceptions import ExpectationNotFoundError
from great_expectations.expectations.expectation import Expectation
from great_expectations.expectations.metadata_types import FailureSeverity
from great_expectations.expectations.registry import get_expectation_impl

import expectations.sql_expectations  # noqa: F401 -- Great Expectations registers what is imported
from expectations import timestamps
from expectations.contract import Contract, Rule
from expectations.patterns import to_java
from expectations.problems import ContractError, Problem

_ITEM = {
    "value_set": "value",
    "regex_list": "regex",
}  # argument with a list -> argument with one of its items


def build_suite(contract: Contract) -> ExpectationSuite:
    """The suite of a contract's rules in their order. Each expectation has its rule's name in `meta["rule"]`.

    ContractError names every rule whose expectation GX does not know or whose arguments it refuses.
    """
    expectations: list[Expectation] = []
    problems: list[Problem] = []
    for rule in contract.rules:
        try:
            expectations.append(_expectation(contract, rule))
        except ExpectationNotFoundError:
            message = (
                f"expected an expectation of Great Expectations, got {rule.expectation!r}; correct the name"
            )
            problems.append(_problem(contract, rule, message))
        except ValueError as error:  # the ValidationError of the pydantic version that GX uses
            reason = "; ".join(str(error).splitlines()[1:]).strip()
            message = f"expected arguments that {rule.expectation} takes, got {dict(rule.kwargs)!r}: {reason}"
            problems.append(_problem(contract, rule, message))
    if problems:
        raise ContractError(problems)
    return ExpectationSuite(
        name=contract.dataset, expectations=expectations, meta={"version": contract.version}
    )


def _expectation(contract: Contract, rule: Rule) -> Expectation:
    kwargs = {name: _typed(contract, rule, name, value) for name, value in rule.kwargs.items()}
    return get_expectation_impl(rule.expectation)(
        **kwargs,
        severity=FailureSeverity(rule.severity),
        description=rule.description or None,
        meta={"rule": rule.name},
    )


def _typed(contract: Contract, rule: Rule, name: str, value: Any) -> Any:
    """An argument as Spark needs it: a regular expression for Java, a limit in the type of its column."""
    if isinstance(value, list) and name in _ITEM:
        return [_typed(contract, rule, _ITEM[name], item) for item in value]
    if name == "regex" and isinstance(value, str):
        return to_java(value)
    return _limit(contract, rule, value) if name in ("min_value", "max_value", "value") else value


def _limit(contract: Contract, rule: Rule, value: Any) -> Any:
    """A limit in the type in which Spark compares it with the column.

    Text becomes a date or an instant for columns of these types. A limit of a float column becomes the
    nearest float, as the float 0.1 is greater than 0.1.
    """
    kind = next((column.kind for column in contract.columns if column.name == rule.kwargs.get("column")), "")
    if not isinstance(value, str):
        return _nearest_float(value) if kind == "float" and isinstance(value, (int, float)) else value
    if kind == "timestamp":
        return timestamps.parse(value) or value
    if kind == "date":
        return date.fromisoformat(value) if timestamps.is_date(value) else value
    return value


def _nearest_float(value: float) -> float:
    try:
        nearest: float = struct.unpack("f", struct.pack("f", value))[0]
    except OverflowError:  # a limit beyond all floats
        return value
    return nearest


def _problem(contract: Contract, rule: Rule, message: str) -> Problem:
    return Problem(contract.source, f"rule {rule.name}", "known-expectation", message)
