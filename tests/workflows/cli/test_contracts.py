"""The commands that check and draft contracts."""

import json
from pathlib import Path

import pytest

from tests.workflows.cli.calling import call

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
