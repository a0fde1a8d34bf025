"""The documents' claims name tests; a test that is renamed or dropped takes its claim with it."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
GUARANTEES = (ROOT / "docs" / "guarantees.md").read_text()
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", GUARANTEES)))


def test_every_claim_names_a_test() -> None:
    claims = [line for line in GUARANTEES.splitlines() if line.startswith("| **")]

    assert len(claims) > 5
    assert [claim for claim in claims if "::" not in claim] == []


@pytest.mark.parametrize(("file", "test"), NAMED)
def test_a_test_that_a_claim_names_is_there(file: str, test: str) -> None:
    tree = ast.parse((ROOT / file).read_text())

    assert test in {found.name for found in ast.walk(tree) if isinstance(found, ast.FunctionDef)}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_link_to_another_file_leads_to_one(document: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text())

    assert [link for link in links if not (document.parent / link).exists()] == []
