"""docs/start-from-debezium-or-dms.md, executed as it stands: its files, its commands and their outputs."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from workflows.local.base.home import CHECKOUT

if TYPE_CHECKING:
    from pathlib import Path

DOCUMENT = (CHECKOUT / "docs" / "start-from-debezium-or-dms.md").read_text()
PARTS = re.findall(r"(?s)^## (Debezium|AWS DMS)\n(.*?)(?=^## )", DOCUMENT, re.MULTILINE)
BLOCKS = re.compile(r"(?s)^```(json|console|yaml)\n(.*?)^```$", re.MULTILINE)


def checkout(folder: Path) -> Path:
    """A checkout without contracts."""
    for package in ("expectations", "lambdas", "jobs", "workflows"):
        skipped = shutil.ignore_patterns(
            "__pycache__", ".aws-sam", *(["*.yaml"] if package == "expectations" else [])
        )
        shutil.copytree(CHECKOUT / package, folder / package, ignore=skipped)
    return folder


def run(folder: Path, command: str) -> str:
    program, *arguments = shlex.split(command)
    assert program == "glueline"
    ended = subprocess.run(
        [sys.executable, "-m", "workflows.cli", *arguments],
        cwd=folder,
        env={**os.environ, "COLUMNS": "110", "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip().splitlines()]


@pytest.mark.parametrize(("part", "text"), PARTS, ids=[name for name, _ in PARTS])
def test_the_document_does_what_it_says(part: str, text: str, tmp_path: Path) -> None:
    folder = checkout(tmp_path)
    (sample,) = re.findall(r"messages.* as `(\w+\.jsonl)`", text)
    commands = 0
    for language, block in BLOCKS.findall(text):
        if language == "json":
            (folder / sample).write_text(block)
        elif language == "console":
            command, _, expected = block.removeprefix("$ ").partition("\n")
            assert lines(run(folder, command)) == lines(expected)
            commands += 1
        else:
            (contract,) = (folder / "expectations").glob("*.yaml")
            assert block in contract.read_text()

    assert commands == 2


def test_both_tools_are_described() -> None:
    assert [name for name, _ in PARTS] == ["Debezium", "AWS DMS"]
