"""Comparisons and certificates in the lake bucket: under which keys, and in which order."""

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from jobs.parity.certificates import Certificate
from jobs.parity.objects import ParityObjects
from tests.jobs.parity.certificate_builders import comparison

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

COMPARED = comparison()
SECOND = timedelta(seconds=1)


@pytest.fixture
def objects(s3: "S3Client") -> ParityObjects:
    return ParityObjects(s3, "lake")


def keys(objects: ParityObjects) -> list[str]:
    found = objects.s3.list_objects_v2(Bucket=objects.bucket).get("Contents", [])
    return [item["Key"] for item in found]


def test_an_open_comparison_is_stored_under_its_time_until_it_is_closed(objects: ParityObjects) -> None:
    objects.put_open(COMPARED)
    assert keys(objects) == ["parity/things/open/20261124T120000.600000Z.json"]

    checked = replace(COMPARED, in_flight=2)
    objects.put_open(checked)
    assert list(objects.list_open("things")) == [checked]

    objects.close(checked)
    assert list(objects.list_open("things")) == []


def test_certificates_are_listed_from_a_time_on_the_oldest_first(objects: ParityObjects) -> None:
    at = COMPARED.verified_through
    for number in (2, 0, 1):
        compared = replace(COMPARED, verified_through=at + number * SECOND)
        objects.issue(Certificate.of(compared, at))
    objects.put_open(replace(COMPARED, verified_through=at + 3 * SECOND))

    found = [one.verified_through - at for one in objects.issued("things", at + SECOND)]

    assert found == [SECOND, 2 * SECOND]
    assert "parity/things/20261124T120000.600000Z.json" in keys(objects)
    assert list(objects.issued("other", at)) == []


def test_the_first_comparison_is_the_oldest_whether_it_is_open_or_has_a_certificate(
    objects: ParityObjects,
) -> None:
    at = COMPARED.verified_through
    assert objects.first_compared("things") is None

    objects.put_open(replace(COMPARED, verified_through=at + SECOND))
    assert objects.first_compared("things") == at + SECOND

    objects.issue(Certificate.of(COMPARED, at))
    objects.issue(Certificate.of(replace(COMPARED, verified_through=at + 2 * SECOND), at))
    assert objects.first_compared("things") == at
