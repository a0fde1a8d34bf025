"""Metrics of `check` count rows by dataset, and files of which no row was accepted."""

from jobs.ingest.metrics import count_metrics, set_aside_metric
from jobs.intake.batches import Batches
from jobs.intake.results import FileCount
from jobs.runtime.metrics import Metric
from tests.jobs.builders import SENT


def test_rows_count_for_their_dataset_and_files_without_accepted_rows_for_all() -> None:
    counts = [
        FileCount("products", "s3://raw/a", "drop", 10, 9, 1),
        FileCount("products", "s3://raw/b", "drop", 6, 6, 0, superseded=1),
        FileCount("transactions", "s3://raw/c", "stream", 1, 0, 1),
        FileCount("transactions", "s3://raw/lost", "drop", 0, 0, 0, superseded=2),
        FileCount(None, "stray/d", None, 1, 0, 1),
    ]

    assert count_metrics(counts) == [
        Metric("RowsAccepted", 15, "products"),
        Metric("RowsQuarantined", 1, "products"),
        Metric("QuarantinePercent", 6.25, "products", samples=16),
        Metric("RowsAccepted", 0, "transactions"),
        Metric("RowsQuarantined", 1, "transactions"),
        Metric("QuarantinePercent", 100, "transactions"),
        Metric("FilesRefused", 2),
        Metric("FilesSuperseded", 3),
    ]


def test_rows_of_erased_keys_do_not_raise_an_alarm() -> None:
    """A replay of an old copy is no fault, nor is a stream object that holds only the mark of an erasure."""
    counts = [
        FileCount("products", "s3://raw/mark", "stream", 1, 0, 1, erased=1),
        FileCount("products", "s3://raw/copy", "drop", 5, 2, 3, erased=2),
    ]

    assert count_metrics(counts) == [
        Metric("RowsAccepted", 2, "products"),
        Metric("RowsQuarantined", 1, "products"),
        Metric("QuarantinePercent", 100 / 3, "products", samples=3),
        Metric("FilesRefused", 0),
        Metric("FilesSuperseded", 0),
    ]


def test_a_run_without_a_batch_counts_nothing() -> None:
    assert count_metrics([]) == []


def test_batches_that_are_set_aside_are_counted(batches: Batches) -> None:
    assert set_aside_metric(batches) == Metric("BatchesSetAside", 0)

    batches.set_aside("b1", "KeyError", SENT)

    assert set_aside_metric(batches) == Metric("BatchesSetAside", 1)
