"""The commands replay and redrive: what they print, and their exit codes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from jobs.intake.batches import Batches
from jobs.intake.manifest import Manifest, ManifestFile
from tests.workflows.cli.calling import call
from tests.workflows.empty_stack import empty_stack
from workflows.cli.showing import Step
from workflows.operations import replay as replays

if TYPE_CHECKING:
    from workflows.stack.target import Target


@pytest.fixture
def target(aws: str, monkeypatch: pytest.MonkeyPatch) -> Target:
    stack = empty_stack(aws)
    monkeypatch.setattr("workflows.stack.target.connect", lambda name: stack)
    return stack


def batch(target: Target, *names: str) -> None:
    """The batch wr_1, which read these drops of products; those with names in capitals are gone."""
    s3, bucket, files = target.client("s3"), target.output("RawBucket"), []
    for name in names:
        put = s3.put_object(Bucket=bucket, Key=f"drops/products/{name}", Body=b"x")
        state = put["ETag"].strip('"'), put["VersionId"], 1, "2026-11-20T08:00:00+00:00"
        files.append(ManifestFile(bucket, f"drops/products/{name}", *state, "products", "drop", "csv"))
        if name.isupper():
            s3.delete_object(Bucket=bucket, Key=files[-1].key, VersionId=put["VersionId"])
    Batches(s3, target.output("LakeBucket")).open(Manifest("wr_1", "2026-11-20T09:00:00+00:00", tuple(files)))


def test_replay_announces_a_batch_and_names_the_next_step(target: Target) -> None:
    batch(target, "a.csv", "b.csv")

    result = call("replay", "wr_1")

    assert result.exit_code == 0
    assert "Announced 2 files of 1 batches again." in result.stdout
    assert "--wait" in result.stdout


def test_replay_names_files_that_are_gone_and_fails(target: Target) -> None:
    batch(target, "a.csv", "GONE[1].CSV")

    result = call("replay", "wr_1", "--json")

    answer = json.loads(result.stdout)
    assert result.exit_code == 1
    assert [file["key"] for file in answer["files"]] == ["drops/products/a.csv"]
    assert [lost["why"] for lost in answer["lost"]] == ["the object is gone; put it there again"]
    assert "GONE[1].CSV" in call("replay", "wr_1").stdout


def test_quarantined_rows_are_counted(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    batch(target, "a.csv")
    found = {"batch_id": "wr_1", "source_file": f"s3://{target.output('RawBucket')}/drops/products/a.csv"}
    table = pa.Table.from_pylist([found | {"quarantined": 17}])
    asked: list[str] = []

    def query(_: Target, sql: str) -> pa.Table:
        asked.append(sql)
        return table

    monkeypatch.setattr(replays, "query", query)

    result = call("replay", "--quarantine", "--dataset", "products", "--since", "2026-11-20")

    assert result.exit_code == 0
    assert "Announced 1 files of 1 batches again, for 17 rows in quarantine." in result.stdout
    assert "CAST('2026-11-20 00:00:00.000000 UTC'" in asked[0]


@pytest.mark.parametrize(
    "arguments",
    [
        ("replay",),
        ("replay", "wr_1", "--quarantine"),
        ("replay", "wr_1", "--dataset", "products"),
        ("replay", "--quarantine", "--since", "yesterday"),
        ("redrive", "--stream", "--reason", "broken-json"),
        ("redrive", "--since", "yesterday"),
    ],
)
def test_options_that_exclude_each_other_are_refused(target: Target, arguments: tuple[str, ...]) -> None:
    result = call(*arguments)

    assert result.exit_code == 2
    assert "expected" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("replay", "wr_9"), "There is no batch wr_9"),
    ],
)
def test_an_error_that_a_person_can_fix_is_printed_as_its_message(
    target: Target, arguments: tuple[str, ...], message: str
) -> None:
    result = call(*arguments)

    assert result.exit_code == 1
    assert message in result.stderr.replace("\n", " ")


def test_redrive_counts_dead_letters_by_reason(target: Target) -> None:
    for reason in ("broken-json", "broken-json", "contract-violation"):
        target.client("sqs").send_message(
            QueueUrl=target.output("DeadLetterQueueUrl"),
            MessageBody="{}",
            MessageAttributes={"reason": {"DataType": "String", "StringValue": reason}},
        )

    listed, moved = call("redrive", "--dry-run"), call("redrive", "--reason", "broken-json", "--json")

    assert listed.exit_code == moved.exit_code == 0
    assert "broken-json" in listed.stdout
    assert "Nothing was moved" in listed.stdout
    assert json.loads(moved.stdout) == {
        "moved": {"broken-json": 2},
        "stay": 1,
        "came": 0,
        "unsent": 0,
        "too_large": [],
    }


def test_redrive_fails_if_a_message_can_not_be_sent(target: Target) -> None:
    named = {"reason": "broken-json", "encoding": "omitted", "message_id": "49590"}
    target.client("sqs").send_message(
        QueueUrl=target.output("DeadLetterQueueUrl"),
        MessageBody="message 49590 has 2097152 bytes, too many for a dead letter",
        MessageAttributes={
            name: {"DataType": "String", "StringValue": value} for name, value in named.items()
        },
    )

    listed, tried = call("redrive", "--dry-run"), call("redrive")

    assert (listed.exit_code, tried.exit_code) == (0, 1)
    for result in (listed, tried):
        assert "Not sent: 49590. SQS takes 1 MiB" in result.stdout


def test_redrive_fails_if_a_stream_batch_can_not_be_redriven(target: Target) -> None:
    nothing = call("redrive", "--stream")
    target.client("s3").put_object(
        Bucket=target.output("RawBucket"), Key="aws/lambda/u/s/2026/11/24/x", Body=b"no"
    )

    result = call("redrive", "--stream")

    assert (nothing.exit_code, nothing.stdout) == (
        0,
        "The forwarder gave up no batch. Next: glueline status\n",
    )
    assert result.exit_code == 1
    assert "expected Lambda's record" in result.stdout


@pytest.mark.parametrize("dataset", ["refunds", ""])
def test_rows_of_a_dataset_that_has_no_contract_are_not_replayed_silently(
    target: Target, dataset: str
) -> None:
    result = call("replay", "--quarantine", "--dataset", dataset)

    assert result.exit_code == 1
    assert "households, products, transactions" in result.stderr


def test_redrive_shows_how_much_is_left(target: Target, steps: list[Step]) -> None:
    queue = target.output("DeadLetterQueueUrl")
    for number in range(12):
        target.client("sqs").send_message(QueueUrl=queue, MessageBody=f"{number}")
    for name in "ab":
        key = f"aws/lambda/u/s/2026/11/24/{name}"
        target.client("s3").put_object(Bucket=target.output("RawBucket"), Key=key, Body=b"no")

    call("redrive", "--dry-run")
    assert steps[:2] == [Step("reading the dead letters"), Step("reading the dead letters", left=12)]
    assert steps[-1] == Step("reading the dead letters", left=0)
    steps.clear()
    call("redrive", "--stream")
    assert [step.left for step in steps] == [None, 2, 1]


def test_replay_shows_its_steps(target: Target, steps: list[Step]) -> None:
    batch(target, "a.csv")

    call("replay", "wr_1")

    assert steps == [Step("finding the files"), Step("announcing the files", "1")]


def test_options_that_add_steps_have_estimates_of_their_own(target: Target, estimates: list[str]) -> None:
    batch(target, "a.csv")

    for arguments in (("replay", "wr_1"), ("redrive",), ("redrive", "--stream")):
        call(*arguments)

    assert estimates == ["local replay", "local redrive", "local redrive --stream"]
