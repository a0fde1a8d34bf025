"""The record of the jars: used as long as it is for the wanted ones, and all of them exist."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from workflows.local.base.jars import COORDINATES, WANTED, NoJars, jar_paths, lacking


@pytest.fixture
def fetches(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that would fetch; none of them does."""
    commands: list[list[str]] = []

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        return subprocess.CompletedProcess(command, 1, "", "module not found\n:: UNRESOLVED DEPENDENCIES ::")

    monkeypatch.setattr(subprocess, "run", run)
    return commands


def record(folder: Path, *also_wanted: str) -> Path:
    (folder / "a.jar").touch()
    file = folder / "jars.json"
    file.write_text(json.dumps({"wanted": [*WANTED, *also_wanted], "jars": [str(folder / "a.jar")]}))
    return file


def test_recorded_jars_are_not_fetched_again(tmp_path: Path, fetches: list[list[str]]) -> None:
    assert jar_paths(record(tmp_path)) == [str(tmp_path / "a.jar")]
    assert fetches == []


@pytest.mark.parametrize("lost", ["jar", "record", "version", "half-written"])
def test_jars_are_fetched_when_the_record_cannot_be_trusted(
    lost: str, tmp_path: Path, fetches: list[list[str]]
) -> None:
    file = record(tmp_path, *(["org.example:another:1"] if lost == "version" else []))
    if lost == "jar":
        (tmp_path / "a.jar").unlink()
    if lost == "record":
        file.unlink()
    if lost == "half-written":
        file.write_text('{"wanted": [')

    with pytest.raises(NoJars):
        jar_paths(file)
    assert fetches


def test_a_failed_fetch_names_what_was_wanted_and_the_output_of_ivy(
    tmp_path: Path, fetches: list[list[str]]
) -> None:
    with pytest.raises(NoJars) as caught:
        jar_paths(tmp_path / "jars.json")
    assert COORDINATES[0] in str(caught.value)
    assert "UNRESOLVED DEPENDENCIES" in str(caught.value)


def test_a_library_that_spark_includes_is_not_added_in_another_version() -> None:
    found = ["/ivy/io.netty_netty-common-4.1.126.Final.jar", "/ivy/org.apache.hadoop_hadoop-aws-3.4.2.jar"]
    own = [Path("netty-common-4.2.7.Final.jar"), Path("hadoop-client-api-3.4.2.jar")]

    assert lacking(found, own) == ["/ivy/org.apache.hadoop_hadoop-aws-3.4.2.jar"]
