"""The README's claims name tests; a test that is renamed or dropped takes its claim with it."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", (ROOT / "README.md").read_text())))


def test_every_claim_names_a_test() -> None:
    section = (ROOT / "README.md").read_text().partition("## What you can rely on")[2].partition("\n## ")[0]
    claims = [line for line in section.splitlines() if line.startswith("| **")]

    assert len(claims) > 5
    assert [claim for claim in claims if "::" not in claim] == []


@pytest.mark.parametrize(("file", "test"), NAMED)
def test_a_test_that_the_readme_names_is_there(file: str, test: str) -> None:
    tree = ast.parse((ROOT / file).read_text())

    assert test in {found.name for found in ast.walk(tree) if isinstance(found, ast.FunctionDef)}
