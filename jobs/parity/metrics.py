"""The metrics of parity: `Drift`, `Quarantined` and `ParityAgeSeconds`."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

import boto3
from pyspark.sql import SparkSession

from expectations.contract import Contract
from jobs.parity.certificates import Certificate
from jobs.parity.certified import Certified, certified_datasets
from jobs.parity.objects import ParityObjects
from jobs.parity.options import ParityOptions
from jobs.runtime.metrics import Metric, publish


def send_metrics(
    spark: SparkSession,
    options: ParityOptions,
    objects: ParityObjects,
    certificates: Iterable[Certificate],
    contracts: Sequence[Contract],
) -> None:
    """Send what these certificates count, and how old the newest good certificate of each dataset is."""
    certified = certified_datasets(spark, options.lake)
    since = {
        contract.dataset: _through(certified, contract.dataset) or objects.first_compared(contract.dataset)
        for contract in contracts
    }
    metrics = parity_metrics(certificates, since, datetime.now(UTC))
    publish(boto3.client("cloudwatch"), options.job.metrics_namespace, metrics)


def parity_metrics(
    certificates: Iterable[Certificate],
    since: Mapping[str, datetime | None],
    now: datetime,
) -> list[Metric]:
    """`Drift` and `Quarantined` (keys) of the certificates, `ParityAgeSeconds` of the datasets.

    `since` is when the newest good certificate of a dataset is from. For a dataset that was never certified
    as good it is the time of its first comparison, so that its age grows, too.
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
        Metric("ParityAgeSeconds", (now - at).total_seconds(), dataset)
        for dataset, at in since.items()
        if at is not None
    ]
    return counts + ages


def _through(certified: Mapping[str, Certified], dataset: str) -> datetime | None:
    return certified[dataset].through if dataset in certified else None
