"""Settings of a session apply from then on, or inside a block only."""

from typing import Any

import pytest
from pyspark.sql import SparkSession

from jobs.lake.names import Lake
from jobs.lake.session import (
    BASE,
    BUCKETED_JOINS,
    FEW_ROWS,
    FRESH_TABLES,
    LONG_EXPRESSIONS,
    configure,
    configured,
)


class Conf(dict[str, str]):
    """Spark's runtime configuration."""

    def set(self, name: str, value: str) -> None:
        self[name] = value

    def unset(self, name: str) -> None:
        del self[name]


class Session:
    """A Spark session as far as its configuration."""

    def __init__(self, **conf: str) -> None:
        self.conf = Conf(conf)


@pytest.fixture
def session() -> Any:
    return Session(kept="1", changed="2")


def test_settings_apply_to_all_later_statements(session: Any) -> None:
    configure(session, {"changed": "3", "new": "4"})

    assert session.conf == {"kept": "1", "changed": "3", "new": "4"}


def test_settings_of_a_block_end_with_it_even_if_it_fails(session: Any) -> None:
    with pytest.raises(ValueError, match="broken"), configured(session, {"changed": "3", "new": "4"}):
        assert session.conf == {"kept": "1", "changed": "3", "new": "4"}
        raise ValueError("broken")

    assert session.conf == {"kept": "1", "changed": "2"}


ALL = (BASE, LONG_EXPRESSIONS, FEW_ROWS, BUCKETED_JOINS)


@pytest.mark.parametrize("settings", ALL)
def test_every_job_computes_in_utc(settings: dict[str, str]) -> None:
    assert settings["spark.sql.session.timeZone"] == "UTC"


@pytest.mark.parametrize("settings", ALL)
def test_no_job_derives_conditions_from_expressions(
    small_data_spark: SparkSession, settings: dict[str, str]
) -> None:
    with configured(small_data_spark, settings):
        filtered: Any = small_data_spark.range(3).selectExpr("id + 1 AS a").where("a > 1")._jdf
        derived = filtered.queryExecution().optimizedPlan().constraints()

    assert derived.isEmpty()


def test_a_long_job_sees_what_other_jobs_commit(small_data_spark: SparkSession, lake: Lake) -> None:
    """Iceberg's catalog otherwise keeps a table as it was first read, for as long as it is read."""
    table, counts = lake.table("seen"), []
    for settings in (BASE, FRESH_TABLES):
        other = small_data_spark.newSession()  # with catalogs of its own, as another process
        configure(other, settings)
        small_data_spark.sql(f"CREATE OR REPLACE TABLE {table} AS SELECT 1 AS a")
        before = other.table(table).count()
        small_data_spark.sql(f"INSERT INTO {table} VALUES (2)")
        counts.append((before, other.table(table).count()))

    assert counts == [(1, 1), (1, 2)]
