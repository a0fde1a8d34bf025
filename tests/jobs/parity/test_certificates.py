"""Comparisons and certificates as JSON: the names on the wire, and what earlier versions have written."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from jobs.parity.certificates import NO_DRIFT, Certificate, Comparison, DriftedKeys
from tests.jobs.parity.certificate_builders import comparison

COMPARED = comparison()
ISSUED = COMPARED.verified_through + timedelta(minutes=5)
KEYS = DriftedKeys(missing=("1",), extra=("2", "3"), quarantined=("4",), erased=("5",))


def test_a_comparison_has_these_fields_on_the_wire() -> None:
    assert json.loads(comparison(in_flight=2).to_json()) == {
        "dataset": "things",
        "run_id": "jr_1",
        "verified_through": "2026-11-24T12:00:00.600000+00:00",
        "scanned_until": "2026-11-24T12:00:00.600000+00:00",
        "snapshot_id": 7,
        "buckets": 256,
        "differing_buckets": 1,
        "items": 10,
        "rows": 12,
        "drop_only": 2,
        "outranked": 0,
        "unclaimed": 0,
        "suspects": 3,
        "in_flight": 2,
    }


def test_a_certificate_has_these_fields_on_the_wire() -> None:
    assert json.loads(Certificate.of(COMPARED, ISSUED, KEYS, repaired=3).to_json()) == {
        "dataset": "things",
        "verified_through": "2026-11-24T12:00:00.600000+00:00",
        "issued_at": "2026-11-24T12:05:00.600000+00:00",
        "run_id": "jr_1",
        "snapshot_id": 7,
        "buckets": 256,
        "differing_buckets": 1,
        "suspects": 3,
        "items": 10,
        "rows": 12,
        "drop_only": 2,
        "outranked": 0,
        "unclaimed": 0,
        "missing": ["1"],
        "extra": ["2", "3"],
        "differing": [],
        "quarantined": ["4"],
        "repaired": 3,
        "ok": False,
        "erased": ["5"],
    }


@pytest.mark.parametrize("keys", [NO_DRIFT, KEYS])
def test_json_holds_all_of_a_certificate(keys: DriftedKeys) -> None:
    certificate = Certificate.of(COMPARED, ISSUED, keys, repaired=1)

    assert Certificate.from_json(certificate.to_json()) == certificate


def test_json_holds_all_of_a_comparison() -> None:
    compared = comparison(in_flight=2, snapshot_id=None)

    assert Comparison.from_json(compared.to_json()) == compared


def test_a_certificate_of_an_earlier_version_names_no_erased_keys() -> None:
    fields = Certificate.of(COMPARED, ISSUED).to_dict()
    del fields["erased"]

    assert Certificate.from_json(json.dumps(fields)).keys.erased == ()


@pytest.mark.parametrize(
    ("keys", "drift", "ok"),
    [
        (NO_DRIFT, 0, True),
        (DriftedKeys(missing=("1",), extra=("2",), differing=("3",)), 3, False),
        (DriftedKeys(quarantined=("1",)), 0, False),  # for a known reason, and not parity either
        (DriftedKeys(erased=("1",)), 0, False),
    ],
)
def test_a_certificate_is_good_if_it_names_no_key(keys: DriftedKeys, drift: int, ok: bool) -> None:
    certificate = Certificate.of(COMPARED, ISSUED, keys)

    assert (certificate.keys.drift, certificate.ok) == (drift, ok)


def test_names_of_comparisons_sort_by_time() -> None:
    times = [COMPARED.verified_through + timedelta(microseconds=micros) for micros in (0, 1, 400_000)]
    names = [replace(COMPARED, verified_through=at).name for at in times]

    assert names == sorted(names)
    assert names[0] == "20261124T120000.600000Z"
