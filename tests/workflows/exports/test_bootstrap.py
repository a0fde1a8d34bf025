"""bootstrap and catch-up against the embedded AWS; the workflow that loads is played by its receipts."""

from __future__ import annotations

import gzip
import json
import re
import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from typer.testing import CliRunner

from workflows import cli
from workflows.exports import bootstrap as exports
from workflows.exports import loading
from workflows.exports.bootstrap import bootstrap, catch_up, find_source, request, request_once
from workflows.exports.errors import ExportError
from workflows.progress import waiting
from workflows.stack import target as targets

if TYPE_CHECKING:
    from workflows.exports.loading import Progress
    from workflows.stack.target import Target

TABLE = "small-things"
RECEIPT = {"batch_id": "batch-1", "rows_read": 0, "accepted": 0, "quarantined": 0}


class Lake:
    """Receipts of a workflow that has read what it is asked about; Athena's, all in text."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.broken = 0  # rows of each file that it quarantines
        self.refuses = False

    def query(self, target: Target, sql: str) -> pa.Table:
        files = re.findall(r"'(s3://[^']+)'", sql)
        if "lake_ops.quarantine" in sql:
            return pa.Table.from_pylist(
                [{"reasons": "export: expected DYNAMODB_JSON, got ION"} for _ in files]
            )
        receipts = [receipt for file in files for receipt in self.receipts(file)]
        return pa.Table.from_pylist(
            [{name: str(value) for name, value in receipt.items()} for receipt in receipts],
            pa.schema([(name, pa.string()) for name in ("source_file", *RECEIPT)]),
        )

    def receipts(self, file: str) -> list[dict[str, Any]]:
        if file.endswith("manifest-summary.json"):
            return [{"source_file": file, **RECEIPT, "quarantined": 1}] if self.refuses else []
        bucket, _, key = file.removeprefix("s3://").partition("/")
        body = self.target.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        count = gzip.decompress(body).count(b"\n")
        counts = {"rows_read": count, "accepted": count - self.broken, "quarantined": self.broken}
        return [{"source_file": file, **RECEIPT, **counts}] * 2  # as if a message had come twice


@pytest.fixture
def lake(small_stack: Target, monkeypatch: pytest.MonkeyPatch) -> Lake:
    lake = Lake(small_stack)
    for module in (waiting, loading):
        monkeypatch.setattr(module, "query", lake.query)
        monkeypatch.setattr(module, "poll_seconds", lambda target: 0.05)
    monkeypatch.setattr(waiting, "patience_seconds", lambda target: 20)
    monkeypatch.setattr(exports, "_SKEW", timedelta(0))  # one clock for all
    return lake


def put(target: Target, *keys: str) -> None:
    dynamodb = target.client("dynamodb")
    for key in keys:
        dynamodb.put_item(TableName=TABLE, Item={"_key": {"S": key}})


def second_ended() -> datetime:
    """The beginning of the next whole second, when it has come."""
    time.sleep(1.001 - time.time() % 1)
    return datetime.now(UTC).replace(microsecond=0)


# --- bootstrap ----------------------------------------------------------------------------------------------


def recovery_starts(target: Target) -> datetime:
    """From when a table remembers its past, after its recovery was switched on anew.

    Catching up begins minutes before the time asked for, so it would find what other tests wrote.
    """
    dynamodb = target.client("dynamodb")
    second_ended()
    for enabled in (False, True):
        answer = dynamodb.update_continuous_backups(
            TableName=TABLE, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": enabled}
        )
    recovery = answer["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    start: datetime = recovery["EarliestRestorableDateTime"]
    return start.astimezone(UTC)


def test_bootstrap_loads_every_item_and_says_how_far_it_is(small_stack: Target, lake: Lake) -> None:
    put(small_stack, *(f"bootstrap-{number}" for number in range(20)))
    count = small_stack.client("dynamodb").scan(TableName=TABLE, Select="COUNT")["Count"]
    seen: list[Progress] = []

    loaded = bootstrap(small_stack, "things", seen.append)

    assert loaded.adds_up
    assert (loaded.items, loaded.rows_read, loaded.quarantined) == (count, count, 0)
    assert loaded.batches == ("batch-1",)
    assert [step.written for step in seen if step.stage is None][-1] == 1
    assert seen[-1].stage is not None
    assert seen[-1].stage.files == 0


def test_an_export_goes_to_the_datasets_door_under_the_buckets_key(small_stack: Target, lake: Lake) -> None:
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


def test_it_is_loaded_when_its_batch_is_merged(small_stack: Target, lake: Lake) -> None:
    s3 = small_stack.client("s3")
    s3.put_object(Bucket="small-lake", Key="open/batch-1", Body=b"")
    waited: list[int] = []

    def tell(step: Progress) -> None:
        if step.stage is not None and step.stage.files:
            waited.append(step.stage.files)
            if len(waited) == 3:
                s3.delete_object(Bucket="small-lake", Key="open/batch-1")

    assert bootstrap(small_stack, "things", tell).adds_up
    assert len(waited) == 3


def test_items_that_the_check_refuses_do_not_count_as_loaded(small_stack: Target, lake: Lake) -> None:
    put(small_stack, "refused")
    lake.broken = 1

    loaded = bootstrap(small_stack, "things", lambda step: None)

    assert not loaded.adds_up
    assert loaded.rows_read == loaded.accepted + loaded.quarantined == loaded.items


def test_an_export_that_is_refused_as_a_whole_ends_the_wait_with_the_reason(
    small_stack: Target, lake: Lake
) -> None:
    put(small_stack, "any")
    lake.refuses = True

    with pytest.raises(ExportError, match=r"refused the export s3://small-raw/exports/things.*got ION"):
        bootstrap(small_stack, "things", lambda step: None)


def test_a_dataset_without_table_or_recovery_is_refused_with_what_to_do(small_stack: Target) -> None:
    with pytest.raises(ExportError, match=r"no table small-nothing\. Datasets.*: things, unrecoverable"):
        find_source(small_stack, "nothing")
    with pytest.raises(ExportError, match=r"recovery of small-unrecoverable is off.*deploy"):
        find_source(small_stack, "unrecoverable")


def test_an_export_that_dynamodb_fails_to_write_is_an_error(small_stack: Target, lake: Lake) -> None:
    arn = find_source(small_stack, "things").arn
    export = request(small_stack, {"TableArn": arn, "S3Bucket": "small-gone", "S3Prefix": "exports/things"})

    with pytest.raises(ExportError, match=r"S3NoSuchBucket.*Nothing of it was loaded"):
        loading.load(small_stack, [export], lambda step: None)


# --- catch-up -----------------------------------------------------------------------------------------------


def test_catch_up_loads_the_changes_of_the_gap(small_stack: Target, lake: Lake) -> None:
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


def test_catch_up_without_an_end_reaches_until_now(small_stack: Target, lake: Lake) -> None:
    start = recovery_starts(small_stack)
    put(small_stack, "just now")

    (loaded,) = catch_up(small_stack, "things", start, None, lambda step: None)

    assert loaded.items == 1


def test_the_same_catch_up_again_finds_its_exports(small_stack: Target, lake: Lake) -> None:
    start = second_ended()
    end = second_ended()

    first = catch_up(small_stack, "things", start, end, lambda step: None)
    second = catch_up(small_stack, "things", start, end, lambda step: None)

    assert first == second
    assert first[0].adds_up  # though nothing changed, and there is no file to wait for


def test_a_gap_older_than_the_tables_recovery_is_refused(small_stack: Target) -> None:
    with pytest.raises(ExportError, match="glueline bootstrap things"):
        catch_up(small_stack, "things", datetime.now(UTC) - timedelta(days=3), None, lambda step: None)


def test_a_window_that_failed_is_asked_for_anew() -> None:
    tokens: dict[str, str] = {}

    def export(ClientToken: str, **parameters: Any) -> dict[str, Any]:
        tokens.setdefault(ClientToken, "FAILED" if len(tokens) < 2 else "IN_PROGRESS")
        return {"ExportDescription": {"ExportStatus": tokens[ClientToken]}}

    target: Any = SimpleNamespace(
        client=lambda service: SimpleNamespace(export_table_to_point_in_time=export)
    )

    request_once(target, {"ExportType": "INCREMENTAL_EXPORT"})
    request_once(target, {"ExportType": "INCREMENTAL_EXPORT"})

    assert list(tokens.values()) == ["FAILED", "FAILED", "IN_PROGRESS"]


# --- the command line ---------------------------------------------------------------------------------------


@pytest.fixture
def command(small_stack: Target, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setattr(targets, "connect", lambda stack: small_stack)
    return CliRunner()


def test_bootstrap_tells_a_program_what_it_loaded(command: CliRunner, small_stack: Target) -> None:
    put(small_stack, "by command")

    result = command.invoke(cli.app, ["bootstrap", "things", "--json"])

    answer = json.loads(result.stdout)
    assert result.exit_code == 0
    assert (answer["dataset"], answer["adds_up"], len(answer["exports"])) == ("things", True, 1)
    assert answer["exports"][0]["items"] == answer["exports"][0]["accepted"] > 0


def test_bootstrap_tells_a_person_what_to_do_next(command: CliRunner) -> None:
    result = command.invoke(cli.app, ["bootstrap", "things"])

    assert "glueline parity things" in result.stdout


def test_what_was_not_loaded_is_no_success(command: CliRunner, small_stack: Target, lake: Lake) -> None:
    put(small_stack, "refused")
    lake.broken = 1

    result = command.invoke(cli.app, ["bootstrap", "things"])

    assert result.exit_code == 1
    assert "lake_ops.quarantine" in result.stdout


def test_catch_up_takes_times_in_any_iso_form(command: CliRunner, small_stack: Target) -> None:
    start = recovery_starts(small_stack)
    end = second_ended()

    result = command.invoke(
        cli.app,
        ["catch-up", "things", "--from", f"{start:%Y-%m-%d %H:%M:%S}", "--to", end.isoformat(), "--json"],
    )

    assert json.loads(result.stdout)["exports"][0]["taken"].startswith(f"{start:%Y-%m-%dT%H:%M:%SZ} to ")


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["catch-up", "things", "--from", "yesterday"], 2, "expected a time in ISO 8601"),
        (["catch-up", "things", "--from", "2020-01-01"], 1, "glueline bootstrap things"),
        (["bootstrap", "nothing"], 1, "no table small-nothing"),
    ],
)
def test_what_cannot_be_done_is_said_plainly(
    command: CliRunner, arguments: list[str], code: int, says: str
) -> None:
    result = command.invoke(cli.app, arguments)

    assert result.exit_code == code
    assert says in " ".join(re.sub(r"[│╭╮╰╯─]", " ", result.stderr).split())
