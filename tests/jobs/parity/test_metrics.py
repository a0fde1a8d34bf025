"""Which metrics a run of parity sends."""

from datetime import timedelta

from jobs.parity.certificates import Certificate, DriftedKeys
from jobs.parity.metrics import parity_metrics
from jobs.runtime.metrics import Metric
from tests.jobs.parity.certificate_builders import comparison

COMPARED = comparison()
NOW = COMPARED.verified_through + timedelta(hours=1)


def test_a_certificate_counts_its_drift_and_its_quarantined_keys() -> None:
    keys = DriftedKeys(missing=("1", "2"), extra=("3",), quarantined=("4",), erased=("5",))

    metrics = parity_metrics([Certificate.of(COMPARED, NOW, keys)], {}, NOW)

    assert metrics == [Metric("Drift", 3, "things"), Metric("Quarantined", 1, "things")]


def test_a_dataset_that_was_never_compared_has_no_age() -> None:
    metrics = parity_metrics([], {"things": COMPARED.verified_through, "never compared": None}, NOW)

    assert metrics == [Metric("ParityAgeSeconds", 3600, "things")]
