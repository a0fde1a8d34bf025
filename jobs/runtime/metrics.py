"""What the jobs count and measure, as CloudWatch metrics, for the template's alarms and dashboard.

A metric is sent after its work is committed. A run that stops in between sends none; a metric is sent twice
only if its work was done twice.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import batched
from typing import Any, Literal

_PER_REQUEST = 500  # CloudWatch accepts 1,000

type Name = Literal[
    "RowsAccepted",
    "RowsQuarantined",
    "QuarantinePercent",
    "FilesRefused",
    "FilesSuperseded",
    "BatchesSetAside",
    "IngestFailures",
    "FreshnessSeconds",
    "FreshnessMedianSeconds",
    "Drift",
    "Quarantined",
    "ParityAgeSeconds",
]


@dataclass(frozen=True, slots=True)
class Metric:
    """A number for one dataset, or for all. A name that ends with neither Seconds nor Percent is a count."""

    name: Name
    value: float
    dataset: str | None = None
    samples: int = 1  # of which `value` is the mean: an average over several metrics is weighted by them

    def datum(self) -> Any:
        """The metric as an entry of PutMetricData's MetricData."""
        dimensions = [] if self.dataset is None else [{"Name": "Dataset", "Value": self.dataset}]
        unit = next((unit for unit in ("Seconds", "Percent") if self.name.endswith(unit)), "Count")
        named = {"MetricName": self.name, "Dimensions": dimensions, "Unit": unit}
        if self.samples == 1:
            return {**named, "Value": self.value}
        together = {"SampleCount": self.samples, "Sum": self.value * self.samples}
        return {**named, "StatisticValues": {**together, "Minimum": self.value, "Maximum": self.value}}


def publish(cloudwatch: Any, namespace: str, metrics: Iterable[Metric]) -> None:
    """Send the metrics with the current time, to the namespace of the stack."""
    for part in batched(metrics, _PER_REQUEST, strict=False):
        cloudwatch.put_metric_data(Namespace=namespace, MetricData=[metric.datum() for metric in part])
