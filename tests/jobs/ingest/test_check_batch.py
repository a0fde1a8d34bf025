"""A batch is split only where another part of it is left, and Data Docs keep no rows from their tables."""

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from jobs.ingest import check_batch
from jobs.intake.batches import Batches
from jobs.intake.manifest import Manifest, Refused
from jobs.quality import data_docs
from tests.jobs.builders import SENT, manifest_file

THINGS, OTHERS = manifest_file("a"), manifest_file("b", dataset="others")
REFUSED = (Refused("c", "why", "body"),)


@pytest.mark.parametrize(
    ("manifest", "has_one_part"),
    [
        (Manifest("b1", SENT.isoformat(), (THINGS,)), True),
        (Manifest("b1", SENT.isoformat(), (), REFUSED), True),
        (Manifest("b1", SENT.isoformat(), (THINGS, OTHERS)), False),
        (Manifest("b1", SENT.isoformat(), (THINGS,), REFUSED), False),
    ],
    ids=["one dataset", "refused messages", "two datasets", "a dataset and refused messages"],
)
def test_datasets_and_refused_messages_are_the_parts_of_a_batch(
    manifest: Manifest, has_one_part: bool
) -> None:
    assert check_batch.has_one_part(manifest) is has_one_part


def failing_docs(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def publish(*_: Any) -> None:
        raise error

    monkeypatch.setattr(data_docs, "publish", publish)


def test_a_page_that_cannot_be_rendered_is_a_failure_of_the_run_only(
    batches: Batches, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing_docs(monkeypatch, KeyError("a"))

    [failure] = check_batch.publish_docs(batches, "b1", [], datetime.now(UTC))

    assert (failure.batch_id, failure.error) == ("b1", "data docs: KeyError: '…'")


def test_data_docs_that_cannot_be_stored_now_are_tried_again(
    batches: Batches, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing_docs(monkeypatch, ClientError({"Error": {"Code": "SlowDown", "Message": ""}}, "PutObject"))

    with pytest.raises(ClientError):
        check_batch.publish_docs(batches, "b1", [], datetime.now(UTC))
