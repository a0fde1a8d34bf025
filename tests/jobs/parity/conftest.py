"""A Spark session for few rows, and one dataset on both sides."""

from itertools import count
from typing import TYPE_CHECKING

import pytest

from tests.jobs.builders import ENTITIES
from tests.jobs.parity.fixture import ParityFixture, interpreting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql import SparkSession

_numbers = count(1)


@pytest.fixture
def small_data_spark(spark: "SparkSession") -> "Iterator[SparkSession]":
    """The session, without compiling plans."""
    with interpreting(spark):
        yield spark


@pytest.fixture
def parity(small_data_spark: "SparkSession") -> ParityFixture:
    """The dataset `entities`, empty on both sides."""
    return ParityFixture(small_data_spark, ENTITIES, f"parity-{next(_numbers)}")
