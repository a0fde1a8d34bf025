"""The routes of the API, and what it counts."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.builders import transaction
from tests.lambdas.data_api.conftest import (
    LINE,
    Call,
)


def test_the_stage_in_the_path_is_not_a_dataset(call: Call, event_named: Callable[[str], Any]) -> None:
    context = event_named("http_api")["requestContext"] | {"stage": "prod"}

    answer = call("GET", "/prod/products", raw={"requestContext": context})

    assert (answer.status, answer.body) == (200, {"items": [], "next": None})


def test_the_openapi_document_needs_no_token(call: Call) -> None:
    answer = call("GET", "/openapi.json", permissions="")

    assert answer.status == 200
    assert "/things/{key}" in answer.body["paths"]
    assert answer.body["servers"] == [{"url": "."}]


def test_outcomes_are_counted_by_dataset(call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    call("PUT", LINE, transaction(updated_at="2017-01-02T00:00:00Z"))
    call("PUT", LINE, transaction())
    call("PUT", LINE, transaction(week=99))

    printed = capsys.readouterr().out
    for outcome in ("accepted", "stale", "rejected"):
        assert f'"dataset":"transactions","service":"test","{outcome}":[1.0]' in printed
