"""The commands of the README run as they are shown, on the stack."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.conftest import GLUELINE, glueline
from tests.e2e.http import http

if TYPE_CHECKING:
    from workflows.stack.target import Target

ROOT = Path(__file__).parents[2]
BLOCKS = re.findall(r"^```\w*\n(.*?)^```", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE)
COMMANDS = [
    shlex.split(line, comments=True)
    for block in BLOCKS
    for line in block.splitlines()
    if line.startswith(("make ", "uv run "))
]
QUERIES = [command for command in COMMANDS if "query" in command]
SHOWN = {tuple(command[:4]) for command in COMMANDS}


pytestmark = pytest.mark.usefixtures("demo")  # the README's first `make run`


@pytest.mark.parametrize("command", QUERIES, ids=" ".join)
def test_a_query_of_the_readme_returns_rows(command: list[str]) -> None:
    words = [*GLUELINE, *command[3:]] if command[:3] == ["uv", "run", "glueline"] else command
    answered = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)

    assert answered.returncode == 0, answered.stderr
    assert len(answered.stdout.splitlines()) > 3, answered.stdout


def test_a_contract_is_drafted_as_in_the_readme(tmp_path: Path) -> None:
    """`contract check`, which starts Spark for the patterns, is run by `test_existing_tables`."""
    assert {("uv", "run", "glueline", "contract")} <= SHOWN
    sample = tmp_path / "sample.csv"
    sample.write_text("order_id,amount,placed_at\n7,12.50,2026-11-30T12:00:00Z\n")

    drafted = glueline(
        "contract", "new", "orders", str(sample), "--key", "order_id", "--folder", str(tmp_path)
    )

    assert drafted.returncode == 0, drafted.stderr
    assert (tmp_path / "orders.yaml").is_file()


def test_the_api_answers_the_request_of_the_readme(target: Target) -> None:
    [path] = re.findall(r'"\$DATA_API_URL(/[^"]+)"', (ROOT / "README.md").read_text())
    token = glueline("token").stdout.strip()

    answer = http.get(target.output("DataApiUrl") + path, headers={"authorization": f"Bearer {token}"})

    assert answer.status_code == 200, answer.text
    assert len(answer.json()["items"]) == 3
