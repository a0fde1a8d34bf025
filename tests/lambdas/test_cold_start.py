import os
import subprocess
import sys
from pathlib import Path

import pytest

from expectations.contract import dump_compiled
from tests.builders import contracts
from tests.lambdas.packages import ENVIRONMENT

ROOT = Path(__file__).parents[2]
HEAVY = {
    "great_expectations",
    "httpx",
    "jsonschema",
    "pandas",
    "pyarrow",
    "pydantic",
    "pyspark",
    "requests",
    "yaml",
}


def imported_by(function: str, contracts_at: Path) -> set[str]:
    """The modules that are imported when the function is ready for its first event."""
    script = f"import sys, lambdas.{function}.app; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "CONTRACTS": str(contracts_at), **ENVIRONMENT},
        check=True,
        capture_output=True,
        text=True,
    )
    return set(done.stdout.split())


@pytest.fixture
def compiled(tmp_path: Path) -> Path:
    path = tmp_path / "contracts.json"
    path.write_text(dump_compiled(contracts()), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("function", "not_its_own"),
    [
        ("authorizer", {"boto3", "jsonschema_rs", "expectations"}),
        ("data_api", {"jwt"}),
        ("forwarder", {"jwt", "jsonschema_rs", "expectations.contract"}),
        ("source", {"jwt"}),
    ],
)
def test_a_function_imports_only_what_it_uses(function: str, not_its_own: set[str], compiled: Path) -> None:
    assert imported_by(function, compiled) & (HEAVY | not_its_own) == set()
