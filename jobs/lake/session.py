"""The settings of a job's Spark session."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

from pyspark.sql import SparkSession

_UTC = {"spark.sql.session.timeZone": "UTC"}

BASE: Mapping[str, str] = MappingProxyType(_UTC)
# The JVM compiles no method longer than this limit. A contract's reasons in one method are longer; without
# whole-stage code generation Spark splits them.
LONG_EXPRESSIONS: Mapping[str, str] = MappingProxyType(
    {**_UTC, "spark.sql.codegen.hugeMethodLimit": "8000"},
)
# Joins of two tables in the same buckets without a shuffle, and by hash rather than by sorting the larger
# one.
BUCKETED_JOINS: Mapping[str, str] = MappingProxyType({
    **_UTC,
    "spark.sql.sources.v2.bucketing.enabled": "true",
    "spark.sql.sources.v2.bucketing.pushPartValues.enabled": "true",
    "spark.sql.iceberg.planning.preserve-data-grouping": "true",
    "spark.sql.requireAllClusterKeysForCoPartition": "false",
    "spark.sql.join.preferSortMergeJoin": "false",
})  # fmt: skip


def configure(spark: SparkSession, settings: Mapping[str, str]) -> None:
    """Set the settings for all statements that follow in the session."""
    for name, value in settings.items():
        spark.conf.set(name, value)


@contextmanager
def configured(spark: SparkSession, settings: Mapping[str, str]) -> Iterator[None]:
    """Set the settings for the statements inside; the session then has those of before."""
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
