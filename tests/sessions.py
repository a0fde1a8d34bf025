"""Spark as the jobs get it, with a catalog in a folder instead of AWS Glue."""

import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast
from unittest import mock

from pyspark.sql import SparkSession

from jobs.runtime.session import spare_calls
from workflows.local.base.class_archive import use_archive
from workflows.local.base.jars import jar_paths
from workflows.local.spark.conf import FIRST_COMPILER_ALONE

CATALOG = "spark.sql.catalog.glue_catalog"
# Hadoop starts a `chmod` for each file that it writes, which is cheaper so.
_SHORT_RUN = f"{FIRST_COMPILER_ALONE} -XX:+UseSerialGC -Djdk.lang.Process.launchMechanism=VFORK"
_NONE: Mapping[str, str] = MappingProxyType({})


def start_session(folder: Path, settings: Mapping[str, str] | None = None) -> SparkSession:
    """A session whose tables lie in the folder, where the session of another process finds them too."""
    os.environ["PYSPARK_PYTHON"] = sys.executable
    session = (
        SparkSession.builder.master("local[2]")
        .appName("glueline-tests")
        .config("spark.driver.extraClassPath", os.pathsep.join(jar_paths()))  # spark.jars copies each jar
        .config("spark.driver.extraJavaOptions", f"{use_archive()} {_SHORT_RUN}")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.ui.explainMode", "simple")  # for listeners of the UI, which none is here
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.python.sql.dataFrameDebugging.enabled", "false")
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
        .config(map=dict(settings or {}))
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("ERROR")
    spare_calls(session)  # as sessions of jobs do
    _write_no_checksums(session)
    return session


def _write_no_checksums(session: SparkSession) -> None:
    """Write no `.crc` file beside each file of a table, as S3 has none either."""
    jvm, context = cast("Any", session._jvm), cast("Any", session.sparkContext)
    files = jvm.org.apache.hadoop.fs.FileSystem.getLocal(context._jsc.hadoopConfiguration())
    files.setWriteChecksum(False)


# Time zones of machines. Two have daylight saving, one of them behind UTC and one ahead of it.
ZONES = ("UTC", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")


@contextmanager
def in_zone(spark: SparkSession, zone: str) -> Iterator[None]:
    """Inside, the time zone is the default of Python and of the session's JVM."""
    jvm: Any = spark._jvm
    zones = jvm.java.util.TimeZone
    before = zones.getDefault()
    with mock.patch.dict(os.environ, TZ=zone):
        time.tzset()
        zones.setDefault(zones.getTimeZone(zone))
        try:
            yield
        finally:
            zones.setDefault(before)
    time.tzset()


def set_glue_catalog(
    spark: SparkSession,
    name: str,
    endpoint: str,
    bucket: str,
    settings: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Add a catalog as the template has it: Iceberg's GlueCatalog and S3FileIO, at that endpoint."""
    catalog = {
        "": "org.apache.iceberg.spark.SparkCatalog",
        ".catalog-impl": "org.apache.iceberg.aws.glue.GlueCatalog",
        ".io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
        ".warehouse": f"s3://{bucket}",
        ".io.manifest.cache-enabled": "true",
        ".glue.endpoint": endpoint,
        ".s3.endpoint": endpoint,
        ".s3.path-style-access": "true",
        ".client.region": "us-east-1",
        **settings,
    }
    for key, value in catalog.items():
        spark.conf.set(f"spark.sql.catalog.{name}{key}", value)
