"""Glueline's own deployment, and how its contracts are compared with those of a stack."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from expectations.odcs import ContractError
from tests.expectations.contract_files import VALID, changed, write
from tests.expectations.odcs.test_dynamodb_servers import TABLE as EXISTING
from workflows.contracts import successors
from workflows.contracts.existing_tables import NONE, WrongTable
from workflows.local.base.home import DEFAULT
from workflows.local.lifecycle.ours import (
    UpOptions,
    attach_tables,
    check_contracts,
    compare_contracts,
    our_deployment,
)
from workflows.stack.target import Target

if TYPE_CHECKING:
    from pathlib import Path

    from expectations.contract import Contract

    type Contracts = dict[str, Contract]

TARGET = Target("us-east-1", {}, "http://127.0.0.1:1")
AWS: Any = None  # the default endpoint, which moto answers


def test_the_parts_are_those_of_the_checkout() -> None:
    parts = our_deployment(DEFAULT).parts()

    assert {"transactions", "products", "households"} <= parts.datasets.keys()
    assert parts.functions.keys() == {"source", "data_api", "authorizer", "forwarder"}
    assert parts.jobs.keys() == {"check", "merge", "follow", "maintain", "reconcile", "certify", "erase"}


def test_the_datasets_are_those_with_a_contract_file(tmp_path: Path) -> None:
    home = replace(DEFAULT, checkout=tmp_path)
    (tmp_path / "expectations").mkdir()
    for name in ("order_lines", "notes"):
        (tmp_path / "expectations" / f"{name}.yaml").touch()

    assert our_deployment(home).parameters["Datasets"] == "notes,orderXlines"


def test_with_the_timing_of_aws_the_window_is_that_of_the_template() -> None:
    ours, as_aws = our_deployment(DEFAULT), our_deployment(DEFAULT, UpOptions(as_aws=True))

    times = ("IngestWindowSeconds", "RoundSeconds")
    assert ([ours.parameters[name] for name in times], ours.as_aws) == (["2", "2"], False)
    assert ([as_aws.parameters[name] for name in times], as_aws.as_aws) == (["60", "10"], True)


@pytest.mark.parametrize(
    ("asked", "kept", "then"),
    [
        (None, "continuous", "continuous"),
        (None, "workflow", "workflow"),
        ("workflow", "continuous", "workflow"),
        ("continuous", "workflow", "continuous"),
    ],
)
def test_a_kept_stack_stays_in_its_mode_unless_another_is_asked_for(
    asked: str | None, kept: str, then: str
) -> None:
    ours = our_deployment(DEFAULT, UpOptions(mode=asked))
    assert ours.parameters["IngestMode"] == (asked or "workflow")

    assert ours.growing_from({"IngestMode": kept}).parameters["IngestMode"] == then


def test_a_contract_that_is_wrong_is_an_error_with_its_file(tmp_path: Path) -> None:
    write(tmp_path, changed("primaryKey: true\n", "primaryKey: false\n"))

    with pytest.raises(ContractError, match=r"orders\.yaml"):
        check_contracts(tmp_path)


def test_only_contracts_that_differ_are_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[set[str]] = []

    def compare(
        _: Target, deployed: dict[str, Contract], wanted: dict[str, Contract]
    ) -> dict[str, list[str]]:
        compared.append(set(wanted))
        return {}

    monkeypatch.setattr(successors, "compare_with_deployed", compare)
    known, folder = tmp_path / "known", tmp_path / "expectations"
    for made in (known, folder):
        made.mkdir()
        write(made, VALID)
    compare_contracts(folder, known, TARGET)
    assert compared == []

    write(folder, changed("minimum: 0", "minimum: 1"))
    write(folder, VALID.replace("orders", "returns"), "returns")
    compare_contracts(folder, known, TARGET)

    assert compared == [{"orders", "returns"}]


def test_a_deployed_contract_that_cannot_be_read_any_more_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[dict[str, Contract]] = []

    def compare(_: Target, deployed: Contracts, wanted: Contracts) -> dict[str, list[str]]:
        found.append(deployed)
        return {}

    monkeypatch.setattr(successors, "compare_with_deployed", compare)
    known, folder = tmp_path / "known", tmp_path / "expectations"
    for made in (known, folder):
        made.mkdir()
    write(known, "no contract")
    write(folder, VALID)

    compare_contracts(folder, known, TARGET)

    assert found == [{}]


def test_existing_tables_are_parameters_of_the_template(tmp_path: Path) -> None:
    write(tmp_path, EXISTING.replace("eu-west-1", "us-east-1"))
    write(tmp_path, VALID.replace("orders", "returns"), "returns")
    lines: list[str] = []
    with mock_aws():
        missing = attach_tables(tmp_path, False, AWS, lines.append)
        dynamodb = boto3.client("dynamodb", region_name="us-east-1")
        dynamodb.create_table(
            TableName="Shop",
            KeySchema=[
                {"AttributeName": "OrderId", "KeyType": "HASH"},
                {"AttributeName": "LineNo", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": "OrderId", "AttributeType": "S"},
                {"AttributeName": "LineNo", "AttributeType": "N"},
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        with pytest.raises(WrongTable, match="--enable-stream"):
            attach_tables(tmp_path, False, AWS, lines.append)
        attached = attach_tables(tmp_path, True, AWS, lines.append)

    assert (missing["OwnTables"], missing["SourceStreams"]) == ("returns", NONE["SourceStreams"])
    assert len(lines) == 1
    assert attached["SourceTables"].endswith(":table/Shop")
    assert ":table/Shop/stream/" in attached["SourceStreams"]
