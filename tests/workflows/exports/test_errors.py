"""Refusals of DynamoDB as errors with advice."""

import pytest
from botocore.exceptions import ClientError

from workflows.exports.errors import ExportError, explained


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "ExportTableToPointInTime")


def test_a_refusal_with_advice_is_an_error_that_has_it() -> None:
    with pytest.raises(ExportError, match="Wait until the active exports have ended"), explained():
        raise refusal("LimitExceededException")


def test_a_refusal_without_advice_is_raised_as_it_is() -> None:
    with pytest.raises(ClientError, match="InternalServerError"), explained():
        raise refusal("InternalServerError")
