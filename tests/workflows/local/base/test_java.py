"""Which Java is accepted, and the error when there is none."""

from pathlib import Path

import pytest

from workflows.local.base.java import NoJava, find_java, java_version


@pytest.mark.parametrize(
    ("output", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15\nOpenJDK Runtime Environment', 17),
        ('openjdk version "21" 2023-09-19', 21),
        ('java version "1.8.0_392"', 8),
        ("The operation couldn't be completed. Unable to locate a Java Runtime.", None),
        ("", None),
    ],
)
def test_the_version_is_read_from_the_output_of_java(output: str, version: int | None) -> None:
    assert java_version(output) == version


def fake_java(folder: Path, says: str) -> Path:
    java = folder / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(f"#!/bin/sh\necho '{says}' >&2\n")
    java.chmod(0o755)
    return java


def test_java_home_comes_before_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    java = fake_java(tmp_path, 'openjdk version "21.0.1"')
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))

    assert find_java() == java


@pytest.mark.parametrize(
    ("says", "found"),
    [('java version "1.8.0_392"', "is 8"), ("no runtime here", "is not a working java")],
)
def test_an_error_names_a_java_that_is_too_old_or_broken_and_how_to_install_one(
    says: str, found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    java = fake_java(tmp_path, says)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))

    with pytest.raises(NoJava) as caught:
        find_java()
    assert f"{java} {found}" in str(caught.value)
    for way in ("apt-get install -y openjdk", "dnf install -y java", "brew install openjdk"):
        assert way in str(caught.value)


def test_without_any_java_the_error_says_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(NoJava, match=r"there is no java on the PATH\. Debian and Ubuntu: apt-get install"):
        find_java()
