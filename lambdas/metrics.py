"""Counts as CloudWatch metrics (embedded metric format), one line of log for each set of dimensions."""

from collections.abc import Mapping

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit


def count(counts: Mapping[str, int], **dimensions: str) -> None:
    """Publish the counts under these dimensions and `service`; a zero too: an alarm sees a quiet batch."""
    if not counts:
        return
    metrics = EphemeralMetrics()
    for name, value in dimensions.items():
        metrics.add_dimension(name, value)
    for name, amount in counts.items():
        metrics.add_metric(name, MetricUnit.Count, amount)
    metrics.flush_metrics()
