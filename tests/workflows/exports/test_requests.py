"""Exports are requested from the embedded DynamoDB, or from a double of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from tests.jobs.builders import ENTITIES
from tests.jobs.existing_histories import LEDGER
from workflows.exports.errors import ExportError
from workflows.exports.requests import ExportLocation, find_source, request_export_once

if TYPE_CHECKING:
    from workflows.stack.target import Target


def test_the_error_for_a_dataset_without_table_or_recovery_says_what_to_do(small_stack: Target) -> None:
    with pytest.raises(ExportError, match=r"No table small-nothing\. Datasets.*: things, unrecoverable"):
        find_source(small_stack, "nothing")
    with pytest.raises(ExportError, match=r"recovery of small-unrecoverable is off.*deploy"):
        find_source(small_stack, "unrecoverable")


def test_a_failed_export_is_requested_again() -> None:
    tokens: dict[str, str] = {}

    def export(ClientToken: str, **parameters: Any) -> dict[str, Any]:
        tokens.setdefault(ClientToken, "FAILED" if len(tokens) < 2 else "IN_PROGRESS")
        return {"ExportDescription": {"ExportStatus": tokens[ClientToken]}}

    target: Any = SimpleNamespace(
        client=lambda service: SimpleNamespace(export_table_to_point_in_time=export)
    )

    request_export_once(target, {"ExportType": "INCREMENTAL_EXPORT"})
    request_export_once(target, {"ExportType": "INCREMENTAL_EXPORT"})

    assert list(tokens.values()) == ["FAILED", "FAILED", "IN_PROGRESS"]


def test_an_export_to_an_unencrypted_bucket_has_no_key() -> None:
    location = ExportLocation("arn", "raw", "exports/things")

    assert location.to_parameters() == {"TableArn": "arn", "S3Bucket": "raw", "S3Prefix": "exports/things"}
    assert replace(location, uses_kms=True).to_parameters()["S3SseAlgorithm"] == "KMS"


def test_the_table_of_a_dataset_may_be_an_existing_one() -> None:
    at = datetime(2026, 11, 30, tzinfo=UTC)
    status = {"PointInTimeRecoveryStatus": "ENABLED", "EarliestRestorableDateTime": at}
    backups: dict[str, Any] = {"PointInTimeRecoveryDescription": status}
    dynamodb = SimpleNamespace(
        describe_table=lambda TableName: {"Table": {"TableArn": f"arn:{TableName}"}},
        describe_continuous_backups=lambda TableName: {"ContinuousBackupsDescription": backups},
    )
    target: Any = SimpleNamespace(
        client=lambda service: dynamodb,
        output=lambda name: "glueline-",
        contracts=lambda: {"ledger": LEDGER, "entities": ENTITIES},
    )

    assert find_source(target, "ledger").arn == "arn:Ledger"
    assert find_source(target, "entities").arn == "arn:glueline-entities"
    status["PointInTimeRecoveryStatus"] = "DISABLED"
    with pytest.raises(ExportError, match="Its owner switches it on: aws dynamodb update-continuous"):
        find_source(target, "ledger")
