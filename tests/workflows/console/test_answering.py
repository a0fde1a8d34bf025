"""Errors are answered in words, never with a trace."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from expectations.keys import InvalidKey
from expectations.problems import GluelineError
from workflows.console.answering import NotFound, describe
from workflows.stack.target import NoStack


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (NotFound("no batch b1"), 404, "no batch b1"),
        (GluelineError("expected a, got b"), 400, "expected a, got b"),
        (NoStack("deploy again"), 400, "deploy again"),
        (InvalidKey("expected the key as '7'"), 400, "expected the key as '7'"),
        (
            ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "ListObjects"),
            502,
            "AccessDenied",
        ),
        (
            EndpointConnectionError(endpoint_url="http://127.0.0.1:1"),
            502,
            "The stack answered: Could not connect",
        ),
        (ZeroDivisionError("division"), 500, "The console has an error (ZeroDivisionError)"),
    ],
)
def test_an_error_becomes_words_and_a_status(error: Exception, status: int, words: str) -> None:
    said, found = describe(error)

    assert found == status
    assert words in said


def test_the_terminal_gets_what_a_page_does_not_show(caplog: pytest.LogCaptureFixture) -> None:
    said, _ = describe(ZeroDivisionError("a secret of the code"))

    assert "a secret of the code" not in said
    assert "a secret of the code" in caplog.text
