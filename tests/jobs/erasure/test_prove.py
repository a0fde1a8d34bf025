"""Parts of phase `prove`; `tests/jobs/test_erase.py` runs the phase."""

from typing import TYPE_CHECKING

from jobs.erasure.notes import DeadLettersNote
from jobs.erasure.prove import KEPT, delete_query_results, kept, unsearched_messages
from tests.jobs.builders import ENTITIES
from tests.jobs.existing_histories import LEDGER

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def test_the_proof_says_how_many_messages_could_not_be_searched_and_when_they_are_gone() -> None:
    [line] = unsearched_messages(DeadLettersNote(inbound=3, gone_by="2026-12-08T12:00:00+00:00"))

    assert line.startswith("messages: 3 in the inbound queue, which can't be searched")
    assert "gone by 2026-12-08;" in line


def test_the_proof_says_nothing_of_a_queue_that_was_not_counted() -> None:
    assert unsearched_messages(DeadLettersNote()) == []


def test_all_query_results_are_deleted_and_counted(s3: "S3Client") -> None:
    for key in ("athena/a.csv", "athena/deep/b.csv", "warehouse/c.parquet"):
        s3.put_object(Bucket="lake", Key=key, Body=b"x")

    assert delete_query_results(s3, "lake") == 2
    assert [one["Key"] for one in s3.list_objects_v2(Bucket="lake")["Contents"]] == ["warehouse/c.parquet"]


def test_the_proof_says_that_the_items_of_an_existing_table_stay() -> None:
    texts = " ".join(kept(LEDGER))

    assert "in the table Ledger, which was not touched" in texts
    assert "in a mark" not in texts
    assert kept(ENTITIES) is KEPT
