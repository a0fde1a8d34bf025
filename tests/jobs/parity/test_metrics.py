"""Which metrics a run of parity sends."""

from datetime import timedelta

from jobs.parity.certificates import Certificate, DriftedKeys
from jobs.parity.certified import Certified
from jobs.parity.metrics import parity_metrics
from jobs.runtime.metrics import Metric
from tests.jobs.parity.certificate_builders import comparison

COMPARED = comparison()
NOW = COMPARED.verified_through + timedelta(hours=1)


def test_a_certificate_counts_its_drift_and_its_quarantined_keys() -> None:
    keys = DriftedKeys(missing=("1", "2"), extra=("3",), quarantined=("4",), erased=("5",))

    metrics = parity_metrics([Certificate.of(COMPARED, NOW, keys)], {}, {"things"}, NOW)

    assert metrics == [Metric("Drift", 3, "things"), Metric("Quarantined", 1, "things")]


def test_the_age_is_that_of_the_newest_good_certificate_of_each_dataset_of_the_run() -> None:
    through = COMPARED.verified_through
    certified = {
        "things": Certified(through, (through,), frozenset()),
        "never good": Certified(None, (through,), frozenset()),
        "not of this run": Certified(through, (through,), frozenset()),
    }

    metrics = parity_metrics([], certified, {"things", "never good", "never compared"}, NOW)

    assert metrics == [Metric("ParityAgeSeconds", 3600, "things")]
