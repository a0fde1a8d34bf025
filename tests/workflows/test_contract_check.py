"""What engines refuse of a contract is refused before anything is deployed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from expectations.contract import Column, Contract, Limits, Rule
from expectations.problems import ContractError
from tests.builders import contracts
from tests.workflows.cli.calling import call
from workflows import deploy
from workflows.contract_check import check, check_at_doors
from workflows.deploy import Options

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning:great_expectations"),
    pytest.mark.filterwarnings("ignore:module 'sre_constants' is deprecated:DeprecationWarning"),
]
SOUND = Contract(
    dataset="things",
    version="1.0.0",
    description="",
    columns=(Column("id", "long", required=True),),
    key=("id",),
    source="things.yaml",
)


def with_column(column: Column) -> Contract:
    return replace(SOUND, columns=(*SOUND.columns, column))


def test_our_own_contracts_are_good() -> None:
    check(contracts())
    check_at_doors(contracts())


BROKEN = [
    (
        with_column(Column("code", "string", limits=Limits(pattern="(?a)a"))),
        "things.yaml: schema[0], as JSON Schema of its upserts: expected what jsonschema-rs (queue, API)",
    ),
    (
        with_column(
            Column("level", "int", default=7, has_default=True, limits=Limits(maximum=5, exclusive_minimum=0))
        ),
        "things.yaml: column level: expected a default that the column's own rules allow, got 7 (7 is",
    ),
    (
        with_column(Column("code", "string", default="x", has_default=True, limits=Limits(min_length=2))),
        "things.yaml: column code: expected a default that the column's own rules allow, got 'x'",
    ),
]


@pytest.mark.parametrize(("contract", "message"), BROKEN)
@pytest.mark.parametrize("checks", [check, check_at_doors])
def test_what_an_engine_refuses_is_told_with_file_and_column(
    checks: Callable[[dict[str, Contract]], None], contract: Contract, message: str
) -> None:
    with pytest.raises(ContractError) as refused:
        checks({"sound": SOUND, "things": contract})

    (problem,) = refused.value.problems
    assert str(problem).startswith(message)


def test_all_problems_of_all_contracts_are_told_at_once() -> None:
    rule = Rule("odd", "expect_the_unexpected", {})

    with pytest.raises(ContractError) as refused:
        check({"a": BROKEN[0][0], "b": replace(BROKEN[1][0], rules=(rule,))})

    assert [problem.rule for problem in refused.value.problems] == [
        "json-schema",
        "default-value",
        "known-expectation",
    ]


def test_the_command_and_the_deployment_refuse_before_anything_is_touched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("expectations.odcs.load_contracts", lambda: {"things": BROKEN[0][0]})
    monkeypatch.setattr(deploy, "load_contracts", lambda: {"things": BROKEN[0][0]})
    monkeypatch.setattr("boto3.Session", None)

    answer = call("contract", "check")

    assert answer.exit_code == 1
    assert "things.yaml: schema[0], as JSON Schema" in answer.stderr
    with pytest.raises(ContractError, match="expected what jsonschema-rs"):
        deploy.deploy(Options(region="us-east-1"), print)
