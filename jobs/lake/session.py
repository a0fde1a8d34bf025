"""Settings of a job's Spark session."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

from pyspark.sql import SparkSession

# Spark derives conditions of a plan from those below it by comparing all expressions with each other. For the
# reasons of a contract with nested columns that takes half a minute, and saves no reading.
_ALWAYS = {"spark.sql.session.timeZone": "UTC", "spark.sql.constraintPropagation.enabled": "false"}

BASE: Mapping[str, str] = MappingProxyType(_ALWAYS)
# The JVM takes no method above 64 KB. The reasons of a contract in the one method of a stage are longer:
# Spark tries to compile it for seconds, logs an error, and leaves it out. So each expression is compiled
# by itself and split into methods.
LONG_EXPRESSIONS: Mapping[str, str] = MappingProxyType({**_ALWAYS, "spark.sql.codegen.wholeStage": "false"})
# For few rows, running a plan takes less time than compiling it: Spark interprets its expressions instead, in
# one task, and does not plan anew between stages. What it computes is the same.
FEW_ROWS: Mapping[str, str] = MappingProxyType({
    **_ALWAYS,
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.ui.explainMode": "simple",  # Spark describes each plan for its UI, at length otherwise
})  # fmt: skip
FEW_BYTES = 4 << 20  # in memory, as Iceberg estimates: some ten thousand rows
# Two tables in the same buckets are joined without a shuffle, and by hash rather than by sorting the larger.
BUCKETED_JOINS: Mapping[str, str] = MappingProxyType({
    **_ALWAYS,
    "spark.sql.sources.v2.bucketing.enabled": "true",
    "spark.sql.sources.v2.bucketing.pushPartValues.enabled": "true",
    "spark.sql.iceberg.planning.preserve-data-grouping": "true",
    "spark.sql.requireAllClusterKeysForCoPartition": "false",
    "spark.sql.join.preferSortMergeJoin": "false",
})  # fmt: skip


def settings_for_bytes(scanned: int) -> Mapping[str, str]:
    """Settings for queries that scan so many bytes in all: those for few rows, or none."""
    return FEW_ROWS if scanned <= FEW_BYTES else {}


def sibling(spark: SparkSession) -> SparkSession:
    """A session with the same settings, which becomes the active one of this thread.

    Its later settings, its temporary views and its catalogs, with the tables that they keep, are its own.
    """
    session: Any = spark._jsparkSession
    # To read the settings and to apply them would be a call for each, and more at the end of their list.
    own = SparkSession(spark.sparkContext, session.cloneSession())
    jvm: Any = spark._jvm
    jvm.org.apache.spark.sql.classic.SparkSession.setActiveSession(own._jsparkSession)
    return own


def configure(spark: SparkSession, settings: Mapping[str, str]) -> None:
    """Apply the settings to all later statements of the session."""
    for name, value in settings.items():
        spark.conf.set(name, value)


@contextmanager
def configured(spark: SparkSession, settings: Mapping[str, str]) -> Iterator[None]:
    """Apply the settings to the statements inside, then restore the previous ones."""
    before = {name: spark.conf.get(name, None) for name in settings}
    configure(spark, settings)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                spark.conf.unset(name)
            else:
                spark.conf.set(name, value)
