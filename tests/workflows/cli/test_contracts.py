"""The commands that check and draft contracts."""

import json
from pathlib import Path
from typing import Any

import pytest

from expectations.odcs import load_contract
from expectations.problems import GluelineError
from tests.workflows.cli.calling import call
from workflows.cli.showing import Step
from workflows.stack.target import Target

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning:great_expectations"),
    pytest.mark.filterwarnings("ignore:module 'sre_constants' is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


def test_check_lists_the_contracts_and_the_next_step() -> None:
    result = call("contract", "check")

    assert result.exit_code == 0
    assert "3 contracts are valid. Next: make up (or make deploy)" in result.stdout
    assert set(json.loads(call("contract", "check", "--json").stdout)) == {
        "transactions",
        "products",
        "households",
    }


def test_new_writes_a_draft_and_does_not_overwrite_it(tmp_path: Path) -> None:
    sample = tmp_path / "sample.csv"
    sample.write_text("order_id,amount\n7,12.50\n")
    arguments = ("contract", "new", "orders", str(sample), "--key", "order_id", "--folder", str(tmp_path))

    first, second = call(*arguments), call(*arguments)

    assert (first.exit_code, second.exit_code) == (0, 1)
    assert (tmp_path / "orders.yaml").is_file()
    assert "already exists" in second.stderr.replace("\n", " ")


def test_new_takes_a_file_as_people_have_it_and_says_what_to_know(tmp_path: Path) -> None:
    sample = tmp_path / "payments.csv"
    sample.write_text("paymentId;Amount [EUR]\n0017;12.50\n")

    result = call("contract", "new", "payments", str(sample), "--key", "paymentId", "--folder", str(tmp_path))

    contract = load_contract(tmp_path / "payments.yaml")
    assert result.exit_code == 0
    assert "Note: fields are separated by ';'." in result.stdout
    assert [(column.name, column.type, column.aliases) for column in contract.columns] == [
        ("payment_id", "string", ("paymentId",)),
        ("amount_eur", "decimal(18,2)", ("Amount [EUR]",)),
    ]


def test_new_drafts_from_sql_with_its_primary_key(tmp_path: Path) -> None:
    sample = tmp_path / "orders.sql"
    sample.write_text("CREATE TABLE orders (order_id bigint PRIMARY KEY, amount numeric(12,2))")

    result = call("contract", "new", "orders", str(sample), "--folder", str(tmp_path))

    assert result.exit_code == 0
    assert load_contract(tmp_path / "orders.yaml").key == ("order_id",)


def test_new_asks_for_a_sample_or_a_table(tmp_path: Path) -> None:
    result = call("contract", "new", "orders", "--key", "order_id", "--folder", str(tmp_path))

    assert result.exit_code == 2
    assert "--from-table" in result.stderr


def test_new_leaves_nothing_behind_if_no_contract_can_be_drafted(tmp_path: Path) -> None:
    sample = tmp_path / "sample.csv"
    sample.write_text("order_id,amount\n,12.50\n")

    result = call("contract", "new", "orders", str(sample), "--key", "order_id", "--folder", str(tmp_path))

    assert result.exit_code == 1
    assert "Expected a value of the key column order_id" in result.stderr.replace("\n", " ")
    assert list(tmp_path.iterdir()) == [sample]


@pytest.mark.parametrize(
    ("name", "content", "options", "step"),
    [
        ("sample.csv", "order_id,amount\n7,12.50\n", (), "reading the sample"),
        ("orders.sql", "CREATE TABLE orders (order_id bigint PRIMARY KEY)", (), "reading the sample"),
        ("messages.jsonl", '{"order_id": 7, "amount": 1.5}\n', ("--messages",), "reading the messages"),
    ],
)
def test_new_shows_what_it_does_with_each_kind_of_sample(  # noqa: PLR0917 -- a case and fixtures
    tmp_path: Path, steps: list[Step], name: str, content: str, options: tuple[str, ...], step: str
) -> None:
    sample = tmp_path / name
    sample.write_text(content)

    arguments = ("contract", "new", "orders", str(sample), "--key", "order_id", "--folder", str(tmp_path))
    result = call(*arguments, *options)

    assert result.exit_code == 0, result.stderr
    assert [one.name for one in steps] == [step, "building what follows from the contract"]


def test_new_shows_that_it_reads_a_table(
    tmp_path: Path, steps: list[Step], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Catalog(Target):
        def client(self, service: str) -> Any:
            raise GluelineError(f"no {service} here")

    monkeypatch.setattr("workflows.stack.target.connect", lambda name: Catalog("us-east-1", {}))

    result = call("contract", "new", "orders", "--from-table", "shop.orders", "--folder", str(tmp_path))

    assert (result.exit_code, "no glue here" in result.stderr) == (1, True)
    assert [one.name for one in steps] == ["reading the table's description"]
