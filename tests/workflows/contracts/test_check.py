"""A contract that an engine refuses is refused before anything is deployed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from expectations.align import Op
from expectations.contract import Column, Contract, Limits, Rule
from expectations.odcs import load_contract
from expectations.patterns import to_java
from expectations.problems import ContractError, Problem
from expectations.spark_schema import create_table_ddl
from lambdas.validation import build_validator
from tests.builders import contracts
from tests.expectations.contract_files import VALID as SOUND_FILE
from tests.expectations.contract_files import write
from tests.workflows.cli.calling import call
from workflows.contracts.check import check, check_at_doors, report_notes
from workflows.deploy import deployment
from workflows.deploy.deployment import Dialog
from workflows.deploy.options import Options

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning:great_expectations"),
    pytest.mark.filterwarnings("ignore:module 'sre_constants' is deprecated:DeprecationWarning"),
]
VALID = Contract(
    dataset="things",
    version="1.0.0",
    description="",
    columns=(Column("id", "long", required=True),),
    key=("id",),
    source="things.yaml",
)


def with_column(column: Column) -> Contract:
    return replace(VALID, columns=(*VALID.columns, column))


def test_the_contracts_of_the_repository_are_valid() -> None:
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
def test_the_error_of_an_engine_names_file_and_column(
    checks: Callable[[dict[str, Contract]], None], contract: Contract, message: str
) -> None:
    with pytest.raises(ContractError) as refused:
        checks({"sound": VALID, "things": contract})

    (problem,) = refused.value.problems
    assert str(problem).startswith(message)


def test_all_problems_of_all_contracts_are_reported_at_once() -> None:
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
    monkeypatch.setattr(deployment, "load_contracts", lambda: {"things": BROKEN[0][0]})
    monkeypatch.setattr("boto3.Session", None)

    answer = call("contract", "check")

    assert answer.exit_code == 1
    assert "things.yaml: schema[0], as JSON Schema" in answer.stderr
    with pytest.raises(ContractError, match="expected what jsonschema-rs"):
        deployment.deploy(Options(region="us-east-1"), Dialog(print, lambda question: True))


FIELD = Path(__file__).parents[2] / "expectations" / "odcs" / "field"


@pytest.mark.parametrize("name", ["parcels", "receivers", "payments", "sensors"])
def test_each_engine_takes_the_contracts_of_other_tools(name: str) -> None:
    contract = load_contract(FIELD / f"{name}.yaml")

    check({name: contract})
    check_at_doors({name: contract})


def test_notes_are_printed_and_errors_if_strict(monkeypatch: pytest.MonkeyPatch) -> None:
    note = Problem("things.yaml", "slaProperties", "sla", "service levels are not monitored", 9)
    monkeypatch.setattr("expectations.odcs.load_contracts", lambda: {"things": VALID})
    monkeypatch.setattr("expectations.odcs.read_notes", lambda: (note,))

    answer, strict, as_json = (call("contract", "check", *more) for more in ([], ["--strict"], ["--json"]))

    assert answer.exit_code == 0
    assert "note: things.yaml: slaProperties (line 9): service levels are not monitored" in answer.stdout
    assert "1 contracts are valid" in answer.stdout
    assert strict.exit_code == 1
    assert "things.yaml: slaProperties (line 9): service levels are not monitored" in strict.stderr
    assert json.loads(as_json.stdout) == {"things": "1.0.0"}


TYPES = ("string", "int", "long", "float", "double", "decimal(4,2)", "boolean", "date", "timestamp", "binary")
numbers = st.integers() | st.floats() | st.sampled_from([2**31, 2**63, 10**400, -1, 1e300])
texts = st.text(max_size=8) | st.sampled_from(
    ["Unit (kg", r"\Z", "(?a)x", "^[a-z]+$", "2026-01-01", "${x}", "_op"]
)
values = st.none() | st.booleans() | numbers | texts
options = st.dictionaries(
    st.sampled_from(
        [
            *("minimum", "maximum", "exclusiveMinimum", "minLength", "maxLength", "pattern", "format"),
            *("multipleOf", "timezone", "defaultTimezone", "uniqueItems"),
        ]
    ),
    values,
    max_size=2,
)
custom = st.lists(
    st.fixed_dictionaries({"property": st.just("default"), "value": values})
    | st.fixed_dictionaries({"property": st.just("aliases"), "value": st.lists(texts, max_size=2)}),
    max_size=2,
)
quality = st.lists(
    st.fixed_dictionaries(
        {
            "metric": st.just("invalidValues"),
            "arguments": st.fixed_dictionaries({"validValues": st.lists(values, min_size=1, max_size=3)})
            | st.fixed_dictionaries({"pattern": texts}),
            "mustBe": st.just(0) | numbers,
            "severity": st.sampled_from(["critical", "warning"]),
        },
        optional={"name": texts, "description": texts},
    ),
    max_size=2,
)
columns = st.fixed_dictionaries(
    {
        "name": st.from_regex(r"[a-z][a-z0-9_]{0,3}", fullmatch=True) | texts,
        "physicalType": st.sampled_from(TYPES),
        "description": texts,
        "required": st.booleans(),
        "logicalTypeOptions": options,
        "customProperties": custom,
        "quality": quality,
    }
)


@given(st.lists(columns, min_size=1, max_size=3))
def test_a_contract_of_any_texts_is_refused_with_reasons_or_the_doors_take_it(
    tmp_path: Path, described: list[dict[str, Any]]
) -> None:
    document = json.loads(
        json.dumps(yaml.safe_load(SOUND_FILE))
    )  # as plain dicts, which samcli's YAML is not
    document["schema"][0]["properties"] += described
    try:
        contract = load_contract(write(tmp_path, yaml.safe_dump(document)))
    except ContractError as refusal:
        assert all(problem.path and problem.message for problem in refusal.problems)
        return
    for op in get_args(Op.__value__):
        build_validator(contract, op)
    create_table_ddl(contract, "orders")
    for rule in contract.rules:
        to_java(str(rule.kwargs.get("regex", "")))


@pytest.mark.parametrize(
    ("noted", "lines"),
    [
        ("", []),
        ("slaProperties: [{property: latency, value: 4}]",
         ["1 note on contracts: glueline contract check shows what is not enforced."]),
        ("slaProperties: [{property: latency, value: 4}]\nprice: {colour: red}",
         ["2 notes on contracts: glueline contract check shows what is not enforced."]),
    ],
)  # fmt: skip
def test_a_deployment_says_how_many_notes_there_are(tmp_path: Path, noted: str, lines: list[str]) -> None:
    write(tmp_path, SOUND_FILE + noted)
    reported: list[str] = []

    report_notes(reported.append, tmp_path)

    assert reported == lines
