"""Checks contracts before a deployment, by building everything that is derived from them.

The reader of contracts (`expectations.odcs`) has already refused what it knows to be wrong. Here the engines
decide: the validator of the Lambdas, the types of the DDL, Great Expectations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from expectations.align import Op, align
from expectations.problems import ContractError, Problem
from lambdas.validation import Validators, build_validator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from expectations.contract import Contract


def check_at_doors(contracts: Mapping[str, Contract]) -> None:
    """Build what the Lambdas derive from contracts. Raises ContractError with all problems."""
    _raise_if_any(problem for contract in contracts.values() for problem in _problems_at_doors(contract))


def check(contracts: Mapping[str, Contract]) -> None:
    """Build everything that is derived from contracts, also by the jobs.

    Raises ContractError with all problems.
    """
    from expectations.spark_schema import create_changes_ddl, create_table_ddl
    from expectations.suite import build_suite

    found: list[Problem] = []
    for name, contract in contracts.items():
        found += _problems_at_doors(contract)
        create_table_ddl(contract, name)
        create_changes_ddl(contract, f"{name}_changes")
        try:
            build_suite(contract)
        except ContractError as error:
            found += error.problems
    _raise_if_any(found)


def refuse_notes(notes: Iterable[Problem]) -> None:
    """Raise ContractError with the notes, if there are any."""
    _raise_if_any(notes)


def report_notes(report: Callable[[str], None], folder: Path | None = None) -> None:
    """Report in one line how many notes there are on the contracts of a folder, if there are any."""
    from expectations.odcs import read_notes

    if number := len(read_notes(folder)):
        plural = "note" if number == 1 else "notes"
        report(f"{number} {plural} on contracts: glueline contract check shows what is not enforced.")


def _raise_if_any(problems: Iterable[Problem]) -> None:
    if found := list(problems):
        raise ContractError(found)


def _problems_at_doors(contract: Contract) -> Iterator[Problem]:
    for op in get_args(Op.__value__):
        try:
            build_validator(contract, op)
        except ValueError as error:
            message = f"expected what jsonschema-rs (queue, API) takes, got {error}; correct the contract"
            yield Problem(contract.source, f"schema[0], as JSON Schema of its {op}s", "json-schema", message)
            return
    defaults, _ = align(contract, {})
    for violation in Validators({contract.dataset: contract}).violations(
        contract.dataset, "upsert", defaults
    ):
        name = violation.path.removeprefix("/").partition("/")[0]
        if name in defaults:
            message = (
                f"expected a default that the column's own rules allow, got {defaults[name]!r} "
                f"({violation.message}); correct the default"
            )
            yield Problem(contract.source, f"column {name}", "default-value", message)
