"""Exports are requested from the embedded DynamoDB, or from a double of it."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

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
