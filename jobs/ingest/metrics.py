"""The metrics of a run of `check` or `merge`."""

from collections.abc import Sequence

from jobs.intake.batches import Batches
from jobs.intake.results import FileCount
from jobs.runtime.metrics import Metric


def count_metrics(counts: Sequence[FileCount]) -> list[Metric]:
    """Rows accepted and quarantined of each dataset, and the number of files without an accepted row.

    Zeros are sent as well: they end an alarm. Objects that belong to no dataset count as files only. Rows of
    erased keys count as neither accepted nor quarantined: they have no fault.
    """
    metrics: list[Metric] = []
    for dataset in dict.fromkeys(count.dataset for count in counts if count.dataset):
        of_dataset = [count for count in counts if count.dataset == dataset]
        accepted = sum(count.accepted for count in of_dataset)
        quarantined = sum(count.quarantined - count.erased for count in of_dataset)
        metrics.append(Metric("RowsAccepted", accepted, dataset))
        metrics.append(Metric("RowsQuarantined", quarantined, dataset))
        if rows := accepted + quarantined:
            metrics.append(Metric("QuarantinePercent", 100 * quarantined / rows, dataset, rows))
    if counts:
        refused = sum(count.quarantined > count.erased and not count.accepted for count in counts)
        metrics.append(Metric("FilesRefused", refused))
        metrics.append(Metric("FilesSuperseded", sum(count.superseded for count in counts)))
    return metrics


def set_aside_metric(batches: Batches) -> Metric:
    """The number of batches that are set aside."""
    return Metric("BatchesSetAside", len(batches.aside()))
