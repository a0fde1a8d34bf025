"""The archive of Spark's classes that `make setup` has made is one that Spark's JVM takes."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from workflows.local.base.class_archive import FILE
from workflows.local.base.java import find_java
from workflows.local.lifecycle.archiving import write_class_archive

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession


def start_with(archive: Path, class_path: str) -> subprocess.CompletedProcess[str]:
    """A JVM that ends if it can't read its classes from the archive."""
    options = ["-Xshare:on", f"-XX:SharedArchiveFile={archive}", "-cp", class_path]
    return subprocess.run([find_java(), *options, "-version"], capture_output=True, text=True, check=False)


def test_sparks_jvm_takes_the_archive_of_the_setup(spark: SparkSession, tmp_path: Path) -> None:
    jvm: Any = spark._jvm
    class_path = jvm.java.lang.management.ManagementFactory.getRuntimeMXBean().getClassPath()

    assert start_with(FILE, class_path).returncode == 0
    assert start_with(FILE, str(tmp_path)).returncode != 0


@pytest.mark.deep
def test_an_archive_is_replaced_by_a_new_one(spark: SparkSession, tmp_path: Path) -> None:
    archive = tmp_path / "classes.jsa"
    archive.write_text("of another JVM")

    write_class_archive(archive)

    jvm: Any = spark._jvm
    class_path = jvm.java.lang.management.ManagementFactory.getRuntimeMXBean().getClassPath()
    assert start_with(archive, class_path).returncode == 0
