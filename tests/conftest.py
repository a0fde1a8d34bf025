"""What all tests share: hypothesis profiles, an AWS on this machine, and one Spark session."""

import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests.moto_server import aws_in_this_process

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession

CATALOG = "spark.sql.catalog.glue_catalog"

# A property that runs Spark takes seconds an example: few by default, many with --hypothesis-profile=deep.
_SLOW = (HealthCheck.too_slow, HealthCheck.function_scoped_fixture)
settings.register_profile("default", deadline=None, suppress_health_check=_SLOW)
settings.register_profile("deep", deadline=None, suppress_health_check=_SLOW, max_examples=500)
settings.load_profile("default")

_OF_LIBRARIES = (
    # py4j leaves closing its sockets to the garbage collector, which may come to it during any test.
    "ignore::pytest.PytestUnraisableExceptionWarning",
    "ignore::ResourceWarning",
    # Great Expectations imports what Python 3.13 calls old.
    "ignore::DeprecationWarning:great_expectations",
    "ignore:module 'sre_constants' is deprecated:DeprecationWarning",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever uses the session is a Spark test, whoever wrote it."""
    for item in items:
        if "spark" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.spark)
            for ignored in _OF_LIBRARIES:
                item.add_marker(pytest.mark.filterwarnings(ignored))


@pytest.fixture(scope="session")
def aws() -> Iterator[str]:
    """The address of an AWS that lives in this process, also for the Python workers that Spark starts."""
    with pytest.MonkeyPatch.context() as patch, aws_in_this_process() as address:
        for reader in ("jobs.intake", "workflows.dead_letters"):
            patch.setattr(f"{reader}.WAIT_SECONDS", 0)  # a queue of one server is empty when it says so
        yield address


@pytest.fixture(scope="session")
def spark(aws: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator["SparkSession"]:
    """The shared session: Spark as the jobs get it, with a catalog in a folder instead of AWS Glue."""
    from pyspark.sql import SparkSession

    from workflows.local.jars import jar_paths

    folder: Path = tmp_path_factory.mktemp("lake")
    os.environ["PYSPARK_PYTHON"] = sys.executable
    session = (
        SparkSession.builder.master("local[2]")
        .appName("glueline-tests")
        .config("spark.jars", ",".join(jar_paths()))
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.memory", "2g")
        .config("spark.sql.warehouse.dir", str(folder / "spark"))
        .config(
            "spark.sql.extensions",
            "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
        )
        .config(CATALOG, "org.apache.iceberg.spark.SparkCatalog")
        .config(f"{CATALOG}.type", "hadoop")
        .config(f"{CATALOG}.warehouse", str(folder / "iceberg"))
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()
