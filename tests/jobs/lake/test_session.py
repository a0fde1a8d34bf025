"""Settings of a session apply from then on, or inside a block only."""

from typing import Any

import pytest
from pyspark.sql import SparkSession

from jobs.lake.session import (
    BASE,
    BUCKETED_JOINS,
    FEW_ROWS,
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
