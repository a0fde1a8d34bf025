"""The entry script `certify`: the certificate of an open comparison, and repairs if they are requested."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from jobs import certify
from tests.jobs.builders import ENTITIES
from tests.jobs.parity.fixture import ParityFixture, entity

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@pytest.fixture
def parity(small_data_spark: "SparkSession", monkeypatch: pytest.MonkeyPatch) -> ParityFixture:
    monkeypatch.setattr("jobs.certify.load_contracts", lambda: {"entities": ENTITIES})
    return ParityFixture(small_data_spark, ENTITIES, "certify-script")


def test_an_open_comparison_is_certified_and_repaired_and_closed(parity: ParityFixture) -> None:
    parity.put(entity(1, "lost"))
    parity.objects.put_open(parity.compare())

    certify.main(parity.arguments("certify", REPAIR="true"))

    assert list(parity.objects.list_open("entities")) == []
    (certificate,) = parity.objects.issued("entities", LONG_AGO)
    assert (certificate.run_id, certificate.keys.missing, certificate.repaired) == ("jr_1", ("1",), 1)
    parity.merge_repairs()
    assert parity.certify().ok
