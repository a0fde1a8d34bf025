"""What the jobs count and measure, as CloudWatch metrics: the template's alarms and dashboard look at these.

A metric is sent when the work that it tells of is done and kept. A run that stops just before leaves it out;
none is sent twice for one piece of work, unless that was done twice.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import batched
from typing import Any, Literal

NAMESPACE = "Glueline"
_PER_CALL = 500  # CloudWatch takes 1,000 in one request

type Name = Literal[
    "RowsAccepted",
    "RowsQuarantined",
    "QuarantinePercent",
    "FilesRefused",
    "FilesSuperseded",
    "BatchesSetAside",
    "FreshnessSeconds",
    "FreshnessMedianSeconds",
    "Drift",
    "Quarantined",
    "ParityAgeSeconds",
]


@dataclass(frozen=True, slots=True)
class Metric:
    """One number: of a dataset, or of all if none is named. Its name ends with its unit, or it is a count."""

    name: Name
    value: float
    dataset: str | None = None
    samples: int = 1  # that it is the mean of, so that an average over several of its kind weighs them

    def datum(self) -> Any:
        """As PutMetricData takes it."""
        dimensions = [] if self.dataset is None else [{"Name": "Dataset", "Value": self.dataset}]
        unit = next((unit for unit in ("Seconds", "Percent") if self.name.endswith(unit)), "Count")
        said = {"MetricName": self.name, "Dimensions": dimensions, "Unit": unit}
        if self.samples == 1:
            return {**said, "Value": self.value}
        together = {"SampleCount": self.samples, "Sum": self.value * self.samples}
        return {**said, "StatisticValues": {**together, "Minimum": self.value, "Maximum": self.value}}


def publish(cloudwatch: Any, metrics: Iterable[Metric]) -> None:
    """Send the metrics, all of this moment."""
    for some in batched(metrics, _PER_CALL, strict=False):
        cloudwatch.put_metric_data(Namespace=NAMESPACE, MetricData=[metric.datum() for metric in some])
