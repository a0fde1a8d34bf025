"""A comparison of a whole dataset: what it counts, what it certifies, and what it leaves open."""

from dataclasses import replace
from typing import Any

import pytest
from pyspark import StorageLevel
from pyspark.sql import DataFrame

from expectations.contract import Contract
from expectations.item_keys import table_of
from jobs.lake import session
from jobs.parity import reconciliation
from jobs.parity.buckets import row_sums
from jobs.parity.reconciliation import reconcile, scan_table
from jobs.parity.tables import PARITY_MISMATCHES, PARITY_RESULTS
from tests.jobs.builders import ENTITIES
from tests.jobs.existing_histories import PROFILES
from tests.jobs.parity.fixture import ParityFixture, entity


def test_a_table_that_equals_dynamodb_gets_its_certificate_at_once(parity: ParityFixture) -> None:
    items = [entity(number, f"name {number}") for number in range(20)]
    parity.put(*items, entity(99, "gone", 5, deleted=True))
    parity.merge(*items)

    (certificate,) = reconcile(parity.spark, parity.objects, [ENTITIES], parity.options)

    assert certificate.ok
    counts = certificate.counts
    assert (counts.items, counts.rows, counts.mismatches) == (20, 20, 0)
    assert (counts.differing_buckets, counts.drop_only) == (0, 0)
    recorded = parity.spark.table(parity.lake.ops(PARITY_RESULTS)).select("dataset", "ok", "items").collect()
    assert [tuple(row) for row in recorded] == [("entities", True, 20)]


def test_a_dataset_that_differs_gets_no_certificate_and_its_mismatches_are_stored(
    parity: ParityFixture,
) -> None:
    parity.put(*(entity(number, "new") for number in range(3)))

    assert reconcile(parity.spark, parity.objects, [ENTITIES], parity.options) == []

    (compared,) = parity.objects.list_open("entities")
    assert compared.counts.mismatches == 3
    stored = parity.spark.table(parity.lake.ops(PARITY_MISMATCHES)).collect()
    assert sorted(row["key"] for row in stored) == ["0", "1", "2"]
    assert parity.spark.table(parity.lake.ops(PARITY_RESULTS)).count() == 0


@pytest.mark.parametrize(("few_bytes", "is_compiled"), [(session.FEW_BYTES, "false"), (-1, "true")])
def test_few_items_and_rows_are_interpreted_and_many_compiled(
    parity: ParityFixture, monkeypatch: pytest.MonkeyPatch, few_bytes: int, is_compiled: str
) -> None:
    items = [entity(number, f"name {number}") for number in range(5)]
    parity.put(*items)
    parity.merge(*items)
    parity.sql("UPDATE {table} SET name = 'altered' WHERE id = 4")
    found: list[str | None] = []

    def sums(rows: DataFrame) -> dict[int, Any]:
        found.append(parity.spark.conf.get("spark.sql.codegen.wholeStage"))
        return row_sums(rows)

    monkeypatch.setattr(session, "FEW_BYTES", few_bytes)
    monkeypatch.setattr(reconciliation, "row_sums", sums)
    compiled = {"spark.sql.codegen.wholeStage": "true", "spark.sql.codegen.factoryMode": "FALLBACK"}
    with session.configured(parity.spark, compiled):
        assert parity.certify().keys.differing == ("4",)

    assert found == [is_compiled]


def test_an_empty_dataset_agrees(parity: ParityFixture) -> None:
    certificate = parity.certify()

    assert certificate.ok
    assert (certificate.counts.items, certificate.counts.rows, certificate.snapshot_id) == (0, 0, None)


def test_an_item_without_a_version_is_compared_by_content(parity: ParityFixture) -> None:
    items = [entity(number, f"name {number}", None) for number in range(5)]
    parity.put(*items)
    parity.merge(*items)
    assert parity.certify().ok

    parity.sql("UPDATE {table} SET name = 'altered' WHERE id = 4")
    assert parity.certify().keys.differing == ("4",)


def test_rows_of_drops_are_counted_apart_and_are_no_drift(parity: ParityFixture) -> None:
    parity.put(entity(1, "of the API", 5), entity(2, "of the API", 5), entity(3, "deleted", 5, deleted=True))
    parity.merge(entity(1, "of the API", 5))
    parity.merge(
        entity(2, "a newer drop", 6),
        entity(3, "dropped after the delete", 6),
        *(entity(number, "of a drop", 1) for number in range(10, 20)),
        source="drop",
    )

    certificate = parity.certify()

    assert certificate.ok
    assert (certificate.counts.items, certificate.counts.rows) == (2, 13)
    assert (certificate.counts.drop_only, certificate.counts.outranked) == (11, 1)


def profiles_of(parity: ParityFixture) -> Contract:
    """A dataset of a table with items of several ones, which has none."""
    table = table_of(PROFILES)
    entities = (("profiles", table.entity), ("others", ()))
    return replace(PROFILES, table=replace(table, name=parity.dynamodb_table, entities=entities))


class Failed(Exception):
    """What a comparison may raise."""


def test_the_items_of_a_table_of_several_datasets_are_kept_while_it_is_compared_and_no_longer(
    parity: ParityFixture,
) -> None:
    with (
        pytest.raises(Failed),
        scan_table(parity.spark, [profiles_of(parity)], parity.options) as scanned,
    ):
        while_compared = scanned.items.storageLevel
        raise Failed

    kept = StorageLevel.MEMORY_AND_DISK
    assert (
        (while_compared.useMemory, while_compared.useDisk) == (kept.useMemory, kept.useDisk) == (True, True)
    )
    assert scanned.items.storageLevel == StorageLevel.NONE


def test_a_comparison_that_fails_leaves_nothing_cached(
    parity: ParityFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached = parity.spark._jsparkSession.sharedState().cacheManager()
    before = cached.numCachedEntries()
    during: list[int] = []

    def fail(*_: object) -> None:
        during.append(cached.numCachedEntries())
        raise Failed

    parity.put(entity(1, "in DynamoDB alone"))
    for contract, place in ((ENTITIES, "append_mismatches"), (profiles_of(parity), "column_history")):
        with monkeypatch.context() as patch:
            patch.setattr(f"jobs.parity.reconciliation.{place}", fail)
            with pytest.raises(Failed):
                reconcile(parity.spark, parity.objects, [contract], parity.options)

    assert during == [before + 3, before + 1]
    assert cached.numCachedEntries() == before
