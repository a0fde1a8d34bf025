"""Counts as CloudWatch metrics in the embedded metric format, one log line for each set of dimensions."""

from collections.abc import Mapping

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit


def count(counts: Mapping[str, int], **dimensions: str) -> None:
    """Publish the counts with these dimensions and `service`; zeros too, so that alarms have data."""
    if not counts:
        return
    metrics = EphemeralMetrics()
    for name, value in dimensions.items():
        metrics.add_dimension(name, value)
    for name, amount in counts.items():
        metrics.add_metric(name, MetricUnit.Count, amount)
    metrics.flush_metrics()
