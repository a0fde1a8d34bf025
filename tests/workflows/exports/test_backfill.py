"""bootstrap and catch-up with the embedded AWS; a double of the workflow answers with receipts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.workflows.exports.loading_stack import TABLE, ReceiptsOfLoading, put, recovery_starts, second_ended
from workflows.exports.backfill import bootstrap, catch_up
from workflows.exports.errors import ExportError

if TYPE_CHECKING:
    from workflows.exports.loading import ExportProgress
    from workflows.stack.target import Target


# --- bootstrap ----------------------------------------------------------------------------------------------


def test_bootstrap_loads_every_item_and_reports_its_progress(
    small_stack: Target, receipts: ReceiptsOfLoading
) -> None:
    put(small_stack, *(f"bootstrap-{number}" for number in range(20)))
    count = small_stack.client("dynamodb").scan(TableName=TABLE, Select="COUNT")["Count"]
    seen: list[ExportProgress] = []

    loaded = bootstrap(small_stack, "things", seen.append)

    assert loaded.adds_up
    assert (loaded.items, loaded.rows_read, loaded.quarantined) == (count, count, 0)
    assert loaded.batches == ("batch-1",)
    assert [step.written for step in seen if step.pending is None][-1] == 1
    assert seen[-1].pending is not None
    assert seen[-1].pending.files == 0


def test_an_export_goes_to_the_datasets_door_encrypted_with_the_buckets_key(
    small_stack: Target, receipts: ReceiptsOfLoading
) -> None:
    key = small_stack.client("kms").create_key()["KeyMetadata"]["Arn"]
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    small_stack.client("s3").put_bucket_encryption(
        Bucket="small-raw",
        ServerSideEncryptionConfiguration={"Rules": [{"ApplyServerSideEncryptionByDefault": default}]},
    )

    loaded = bootstrap(small_stack, "things", lambda step: None)

    export = small_stack.client("dynamodb").describe_export(ExportArn=loaded.export)["ExportDescription"]
    assert (export["S3Bucket"], export["S3Prefix"]) == ("small-raw", "exports/things")
    assert (export["S3SseAlgorithm"], export["S3SseKmsKeyId"]) == ("KMS", key)


def test_an_export_is_loaded_when_its_batch_is_merged(
    small_stack: Target, receipts: ReceiptsOfLoading
) -> None:
    s3 = small_stack.client("s3")
    s3.put_object(Bucket="small-lake", Key="open/batch-1", Body=b"")
    waited: list[int] = []

    def report(step: ExportProgress) -> None:
        if step.pending is not None and step.pending.files:
            waited.append(step.pending.files)
            if len(waited) == 3:
                s3.delete_object(Bucket="small-lake", Key="open/batch-1")

    assert bootstrap(small_stack, "things", report).adds_up
    assert len(waited) == 3


def test_items_that_the_check_job_rejects_do_not_count_as_loaded(
    small_stack: Target, receipts: ReceiptsOfLoading
) -> None:
    put(small_stack, "refused")
    receipts.broken = 1

    loaded = bootstrap(small_stack, "things", lambda step: None)

    assert not loaded.adds_up
    assert loaded.rows_read == loaded.accepted + loaded.quarantined == loaded.items


def test_an_export_that_is_rejected_as_a_whole_ends_the_wait_with_the_reason(
    small_stack: Target, receipts: ReceiptsOfLoading
) -> None:
    put(small_stack, "any")
    receipts.rejects = True

    with pytest.raises(ExportError, match=r"rejected the export s3://small-raw/exports/things.*got ION"):
        bootstrap(small_stack, "things", lambda step: None)


# --- catch-up -----------------------------------------------------------------------------------------------


def test_catch_up_loads_the_changes_of_the_gap(small_stack: Target, receipts: ReceiptsOfLoading) -> None:
    put(small_stack, "gone in the gap", "untouched by the gap")
    start = recovery_starts(small_stack)
    put(small_stack, "came in the gap")
    small_stack.client("dynamodb").delete_item(TableName=TABLE, Key={"_key": {"S": "gone in the gap"}})
    end = second_ended()
    put(small_stack, "after the gap")

    (loaded,) = catch_up(small_stack, "things", start, end, lambda step: None)

    assert loaded.adds_up
    assert loaded.items == 2
    assert loaded.taken == f"{start:%Y-%m-%dT%H:%M:%SZ} to {end:%Y-%m-%dT%H:%M:%SZ}"


def test_catch_up_without_an_end_ends_now(small_stack: Target, receipts: ReceiptsOfLoading) -> None:
    start = recovery_starts(small_stack)
    put(small_stack, "just now")

    (loaded,) = catch_up(small_stack, "things", start, None, lambda step: None)

    assert loaded.items == 1


def test_the_same_catch_up_again_finds_its_exports(small_stack: Target, receipts: ReceiptsOfLoading) -> None:
    start = second_ended()
    end = second_ended()

    first = catch_up(small_stack, "things", start, end, lambda step: None)
    second = catch_up(small_stack, "things", start, end, lambda step: None)

    assert first == second
    assert first[0].adds_up  # though nothing changed, and there is no file to wait for


def test_a_gap_older_than_the_tables_recovery_is_refused(small_stack: Target) -> None:
    with pytest.raises(ExportError, match="glueline bootstrap things"):
        catch_up(small_stack, "things", datetime.now(UTC) - timedelta(days=3), None, lambda step: None)
