"""The metrics of parity: `Drift`, `Quarantined` and `ParityAgeSeconds`."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pyspark.sql import SparkSession

from expectations.contract import Contract
from jobs.lake.names import Lake
from jobs.parity.certificates import Certificate
from jobs.parity.certified import Certified, certified_datasets
from jobs.runtime.metrics import Metric, publish


def send_metrics(
    cloudwatch: Any,
    spark: SparkSession,
    lake: Lake,
    certificates: Iterable[Certificate],
    contracts: Sequence[Contract],
) -> None:
    """Send what these certificates count, and how old the newest good certificate of each dataset is."""
    datasets = {contract.dataset for contract in contracts}
    certified = certified_datasets(spark, lake)
    publish(cloudwatch, parity_metrics(certificates, certified, datasets, datetime.now(UTC)))


def parity_metrics(
    certificates: Iterable[Certificate],
    certified: Mapping[str, Certified],
    datasets: Collection[str],
    now: datetime,
) -> list[Metric]:
    """`Drift` and `Quarantined` (keys) of the certificates, `ParityAgeSeconds` of the datasets.

    A dataset without a good certificate has no age.
    """
    counts = [
        metric
        for one in certificates
        for metric in (
            Metric("Drift", one.keys.drift, one.dataset),
            Metric("Quarantined", len(one.keys.quarantined), one.dataset),
        )
    ]
    ages = [
        Metric("ParityAgeSeconds", (now - one.through).total_seconds(), dataset)
        for dataset, one in certified.items()
        if dataset in datasets and one.through is not None
    ]
    return counts + ages
