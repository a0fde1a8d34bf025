"""What the embedded IAM was asked: each kind of request once."""

import asyncio
import json
from typing import Any

import pytest

from workflows.local.ministack.recorded_requests import (
    REQUESTS_PATH,
    AuthorizedRequest,
    RecordedRequests,
    place,
    with_requests,
)

READ = AuthorizedRequest("reader", "s3:GetObject", "arn:aws:s3:::lake/warehouse/…", (), allowed=True)


@pytest.mark.parametrize(
    ("resource", "kept"),
    [
        ("arn:aws:s3:::raw/stream/products/1.gz", "arn:aws:s3:::raw/stream/…"),
        ("arn:aws:s3:::raw/stream/", "arn:aws:s3:::raw/stream/…"),
        ("arn:aws:s3:::raw/aws/lambda/redriven/1", "arn:aws:s3:::raw/aws/lambda/…"),
        ("arn:aws:s3:::lake/athena/1.csv", "arn:aws:s3:::lake/athena/…"),
        ("arn:aws:s3:::lake/athena/readers/1.csv", "arn:aws:s3:::lake/athena/readers/…"),
        ("arn:aws:s3:::lake/warehouse/lake/a/1", "arn:aws:s3:::lake/warehouse/lake/…"),
        ("arn:aws:dynamodb:r:1:table/t/index/by.x", "arn:aws:dynamodb:r:1:table/t/index/…"),
        ("arn:aws:s3:::raw/top", "arn:aws:s3:::raw/top"),
        ("arn:aws:s3:::raw", "arn:aws:s3:::raw"),
        ("arn:aws:sqs:us-east-1:1:inbound", "arn:aws:sqs:us-east-1:1:inbound"),
        ("arn:aws:dynamodb:us-east-1:1:table/a/stream/2026", "arn:aws:dynamodb:us-east-1:1:table/a/stream/…"),
        (
            "arn:aws:logs:us-east-1:1:log-group:/a:log-stream:b",
            "arn:aws:logs:us-east-1:1:log-group:/a:log-stream:…",
        ),
        ("*", "*"),
    ],
)
def test_objects_of_a_folder_are_one_kind(resource: str, kept: str) -> None:
    assert place(resource) == kept


def test_each_kind_of_request_is_recorded_once_and_answered_as_json() -> None:
    recorded = RecordedRequests()
    sent: list[dict[str, Any]] = []
    reached: list[str] = []

    async def beneath(scope: dict[str, Any], receive: Any, send: Any) -> None:
        reached.append(scope["path"])

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def ask() -> None:
        layer = with_requests(beneath, recorded)
        for path in (REQUESTS_PATH, "/"):
            await layer({"type": "http", "path": path}, None, send)  # type: ignore[arg-type]

    assert [recorded.add(READ), recorded.add(READ)] == [True, False]
    asyncio.run(ask())
    assert json.loads(sent[1]["body"]) == [
        {
            "role": "reader",
            "action": "s3:GetObject",
            "resource": "arn:aws:s3:::lake/warehouse/…",
            "conditions": {},
            "allowed": True,
        }
    ]
    assert reached == ["/"]
