"""Damage outside the pipeline: the certificate names exactly those keys, and no change in flight."""

from datetime import UTC, datetime, timedelta

import boto3

from jobs.parity.certificates import Certificate, Comparison
from jobs.parity.tables import PARITY_MISMATCHES, PARITY_RESULTS
from tests.jobs.parity.fixture import ParityFixture, entity


def named(certificate: Certificate) -> dict[str, tuple[str, ...]]:
    kinds = ("missing", "extra", "differing", "quarantined")
    return {kind: keys for kind in kinds if (keys := getattr(certificate.keys, kind))}


def test_a_certificate_is_stored_in_the_bucket_and_the_table_and_its_mismatches_are_deleted(
    parity: ParityFixture,
) -> None:
    parity.put(entity(1, "lost"))

    certificate = parity.certify()

    at = certificate.verified_through
    assert list(parity.objects.issued("entities", at - timedelta(seconds=1))) == [certificate]
    assert list(parity.objects.list_open("entities")) == []
    assert parity.spark.table(parity.lake.ops(PARITY_MISMATCHES)).count() == 0
    (row,) = parity.spark.table(parity.lake.ops(PARITY_RESULTS)).collect()
    assert (row["dataset"], row["missing"], row["ok"]) == ("entities", ["1"], False)
    snapshot = parity.spark.table(f"{parity.lake.ops(PARITY_MISMATCHES)}.snapshots").tail(1)[0]
    assert snapshot["operation"] == "delete"  # of whole files: none was read or rewritten


def test_the_certificate_names_exactly_the_damaged_keys(parity: ParityFixture) -> None:
    items = [entity(number, f"name {number}", 10) for number in range(20)]
    parity.put(*items, entity(30, "deleted", 7, deleted=True))
    parity.merge(*items)

    parity.sql("DELETE FROM {table} WHERE id = 3")
    parity.sql("UPDATE {table} SET name = 'altered' WHERE id = 4")  # at the same version
    parity.sql("UPDATE {table} SET name = 'older', _version = 9 WHERE id = 5")
    parity.sql("UPDATE {table} SET name = NULL WHERE id = 6")
    parity.sql("UPDATE {table} SET _version = 4000000000000000 WHERE id = 7")  # outranks what comes next
    parity.merge(entity(21, "never written"), entity(30, "deleted", 6), entity(8, "name 8", 10))
    certificate = parity.certify()

    assert not certificate.ok
    assert named(certificate) == {
        "missing": ("3",),
        "extra": ("21", "30"),
        "differing": ("4", "5", "6", "7", "8"),
    }
    assert certificate.keys.drift == 8


def test_a_dataset_that_was_never_merged_lacks_every_key(parity: ParityFixture) -> None:
    parity.put(*(entity(number, "new") for number in range(3)))

    assert named(parity.certify()) == {"missing": ("0", "1", "2")}


def test_a_row_of_a_drop_that_a_delete_or_a_newer_item_missed_is_drift(parity: ParityFixture) -> None:
    parity.put(entity(2, "newer", 6), entity(3, "deleted", 6, deleted=True))
    parity.merge(entity(2, "dropped", 5), entity(3, "dropped", 5), entity(4, "dropped", 5), source="drop")
    parity.add_tombstone("4", 6)

    certificate = parity.certify()

    assert named(certificate) == {"extra": ("3",), "differing": ("2",)}
    assert certificate.counts.drop_only == 1  # DynamoDB holds nothing of key 4, and a tombstone is no item


def test_changes_after_the_comparison_that_are_merged_since_are_parity(parity: ParityFixture) -> None:
    old = [entity(number, "old", 1) for number in range(6)]
    parity.merge(*old)
    parity.put(*old[:2], entity(2, "new", 2), entity(3, "new", 2, deleted=True), *old[5:])
    compared = parity.compare()
    assert compared.counts.mismatches == 3  # 2 and 3 have changed, 4 was removed

    parity.put(entity(2, "newest", 4), entity(3, "back", 5), entity(4, "back", 5))
    parity.sql("UPDATE {table} SET name = 'between', _version = 3 WHERE id = 2")
    parity.sql("DELETE FROM {table} WHERE id IN (3, 4)")
    found = parity.check_again(compared)

    assert isinstance(found, Certificate)
    assert found.ok
    assert found.verified_through == compared.verified_through


def test_nothing_is_drift_before_it_had_time_to_land(parity: ParityFixture) -> None:
    parity.put(entity(1, "new", 1))

    found = parity.check_again(parity.compare(), settle=timedelta(minutes=1))

    assert isinstance(found, Comparison)
    assert found.in_flight == 1


def test_nothing_is_drift_while_an_object_that_landed_is_in_the_queue(parity: ParityFixture) -> None:
    parity.put(entity(1, "new", 1))
    job = parity.options.job
    hour = f"{datetime.now(UTC):%Y/%m/%d/%H}"
    boto3.client("s3").put_object(Bucket=job.raw_bucket, Key=f"stream/entities/{hour}/1.jsonl.gz", Body=b"")
    boto3.client("sqs").send_message(QueueUrl=job.intake_queue_url, MessageBody="an object landed")
    compared = parity.compare()

    found = parity.check_again(compared)
    assert isinstance(found, Comparison)
    assert found.in_flight == 1

    boto3.client("sqs").purge_queue(QueueUrl=job.intake_queue_url)
    lost = parity.check_again(compared)
    assert isinstance(lost, Certificate)
    assert named(lost) == {"missing": ("1",)}
