"""Which metrics a run of parity sends."""

from datetime import timedelta

from jobs.parity.certificates import Certificate, DriftedKeys
from jobs.parity.metrics import of_certificates, of_datasets
from jobs.runtime.metrics import Metric
from tests.jobs.parity.certificate_builders import comparison

COMPARED = comparison()
NOW = COMPARED.verified_through + timedelta(hours=1)


def test_a_certificate_counts_its_drift_and_its_quarantined_keys() -> None:
    keys = DriftedKeys(missing=("1", "2"), extra=("3",), quarantined=("4",), erased=("5",))

    metrics = of_certificates([Certificate.of(COMPARED, NOW, keys)])

    assert metrics == [Metric("Drift", 3, "things"), Metric("Quarantined", 1, "things")]


def test_the_alarms_get_the_drift_of_all_datasets_and_the_highest_age() -> None:
    earlier = COMPARED.verified_through - timedelta(hours=1)
    since = {"things": COMPARED.verified_through, "others": earlier}

    metrics = of_datasets({"things": 0, "others": 2}, since, NOW)

    assert metrics == [
        Metric("ParityAgeSeconds", 3600, "things"),
        Metric("ParityAgeSeconds", 7200, "others"),
        Metric("ParityAgeSeconds", 7200),
        Metric("Drift", 2),
    ]


def test_the_drift_of_a_dataset_stays_while_another_one_is_found_good() -> None:
    """Both have certificates; a comparison of one alone does not say that the other has no drift."""
    assert Metric("Drift", 2) in of_datasets({"compared now": 0, "drifted before": 2}, {}, NOW)


def test_a_dataset_that_was_never_compared_has_no_age_and_no_drift() -> None:
    assert of_datasets({}, {"never compared": None}, NOW) == []
