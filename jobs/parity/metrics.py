"""The metrics of parity: `Drift`, `Quarantined` and `ParityAgeSeconds`, by dataset and of all datasets."""

from collections.abc import Collection, Iterable, Mapping
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
    contracts: Collection[Contract],
) -> None:
    """Send what these certificates count, and what the newest ones of all contracts say."""
    certified = certified_datasets(spark, options.lake)
    since = {
        contract.dataset: _through(certified, contract.dataset) or objects.first_compared(contract.dataset)
        for contract in contracts
    }
    drift = {dataset: certified[dataset].drift for dataset in since if dataset in certified}
    metrics = [*of_certificates(certificates), *of_datasets(drift, since, datetime.now(UTC))]
    publish(boto3.client("cloudwatch"), options.job.metrics_namespace, metrics)


def of_certificates(certificates: Iterable[Certificate]) -> list[Metric]:
    """`Drift` and `Quarantined` (keys) of each certificate."""
    return [
        metric
        for one in certificates
        for metric in (
            Metric("Drift", one.keys.drift, one.dataset),
            Metric("Quarantined", len(one.keys.quarantined), one.dataset),
        )
    ]


def of_datasets(
    drift: Mapping[str, int], since: Mapping[str, datetime | None], now: datetime
) -> list[Metric]:
    """`ParityAgeSeconds` of each dataset and, without a dataset, the highest; `Drift` (keys) of all together.

    `drift` is that of the newest certificate of each dataset that has one. `since` is when the newest good
    certificate of a dataset is from. For a dataset that was never certified as good it is the time of its
    first comparison, so that its age grows, too.
    """
    ages = {dataset: (now - at).total_seconds() for dataset, at in since.items() if at is not None}
    metrics = [Metric("ParityAgeSeconds", age, dataset) for dataset, age in ages.items()]
    if ages:
        metrics.append(Metric("ParityAgeSeconds", max(ages.values())))
    if drift:
        metrics.append(Metric("Drift", sum(drift.values())))
    return metrics


def _through(certified: Mapping[str, Certified], dataset: str) -> datetime | None:
    return certified[dataset].through if dataset in certified else None
