import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given

from expectations.contract import Contract, dump_compiled, load_compiled
from tests import builders
from tests.expectations import strategies

STDLIB_ONLY = ("contract", "json_schema", "align", "keys", "openapi", "timestamps")


@given(strategies.contracts())
def test_a_contract_survives_its_json_form(contract: Contract) -> None:
    assert Contract.from_dict(json.loads(json.dumps(contract.to_dict()))) == contract


def test_compiled_contracts_are_the_contracts(tmp_path: Path) -> None:
    path = tmp_path / "contracts.json"
    path.write_text(dump_compiled(builders.contracts()), encoding="utf-8")

    assert load_compiled(path) == builders.contracts()


def test_a_missing_column_is_named_with_its_dataset() -> None:
    with pytest.raises(KeyError, match="dataset products has no column colour"):
        builders.contracts()["products"].column("colour")


@pytest.mark.parametrize("module", STDLIB_ONLY)
def test_modules_of_lambda_packages_import_only_the_standard_library(module: str) -> None:
    root = Path(__file__).parents[2]
    code = f"""
import sys
sys.path.insert(0, {str(root)!r})
import expectations.{module}
print(*sys.modules)
"""

    command = [sys.executable, "-I", "-c", code]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)

    imported = {name.partition(".")[0] for name in ran.stdout.split()} - {"expectations", "__main__"}
    assert {
        name for name in imported - sys.stdlib_module_names if not name.startswith(("_", "sitecustomize"))
    } == set()
