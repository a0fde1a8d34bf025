"""Through which time the datasets are certified."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from jobs.lake.names import Lake
from jobs.parity.certificates import Certificate, DriftedKeys
from jobs.parity.certified import Certified, certified_datasets
from jobs.parity.tables import create_parity_tables, record_certificate
from tests.jobs.parity.certificate_builders import comparison

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

AT = comparison().verified_through


def test_the_newest_certificate_and_the_newest_good_one_count(
    small_data_spark: "SparkSession", lake: Lake
) -> None:
    spark = small_data_spark
    assert certified_datasets(spark, lake) == {}  # there is no table yet
    create_parity_tables(spark, lake)

    def record(dataset: str, hours: int, snapshot_id: int | None, keys: DriftedKeys) -> datetime:
        at = AT + timedelta(hours=hours)
        compared = comparison(dataset=dataset, verified_through=at, snapshot_id=snapshot_id)
        record_certificate(spark, lake, Certificate.of(compared, at, keys))
        return at

    good, bad = DriftedKeys(), DriftedKeys(missing=("1",))
    record("things", 0, 10, good)
    newest_good, newest = record("things", 1, 11, good), record("things", 2, 12, bad)
    never_good = record("others", 0, None, bad)

    assert certified_datasets(spark, lake) == {
        "things": Certified(newest_good, (newest, newest_good), frozenset({11, 12}), drift=1),
        "others": Certified(None, (never_good,), frozenset(), drift=1),
    }
