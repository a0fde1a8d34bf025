"""One dataset on both sides."""

from itertools import count
from typing import TYPE_CHECKING

import pytest

from tests.jobs.builders import ENTITIES
from tests.jobs.parity.fixture import ParityFixture

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_numbers = count(1)


@pytest.fixture
def parity(small_data_spark: "SparkSession") -> ParityFixture:
    """The dataset `entities`, empty on both sides."""
    return ParityFixture(small_data_spark, ENTITIES, f"parity-{next(_numbers)}")
