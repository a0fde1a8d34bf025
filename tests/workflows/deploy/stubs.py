"""An account whose AWS answers as a test says."""

from __future__ import annotations

from typing import Any, cast

import boto3
from botocore.stub import Stubber

from workflows.deploy.account import Account

CALLER = "arn:aws:iam::123456789012:user/ada"


class Session:
    """A session that has these clients and no others."""

    def __init__(self, **clients: Any) -> None:
        self.clients = clients

    def client(self, service: str, region_name: str | None = None) -> Any:
        return self.clients[service.replace("-", "_")]


def account_with(*, caller: str = CALLER, region: str = "eu-west-1", **clients: Any) -> Account:
    """An account of these clients, by service with _ for -."""
    return Account(cast("boto3.Session", Session(**clients)), "123456789012", region, caller)


def stubbed(service: str, *answers: tuple[str, Any]) -> Any:
    """A client that gives these answers to these operations, in order; a text is an error code."""
    client = boto3.client(
        service,  # type: ignore[call-overload]  # any service
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 -- no AWS is asked
    )
    stubber = Stubber(client)
    for operation, answer in answers:
        if isinstance(answer, str):
            stubber.add_client_error(operation, answer, f"{answer} it is")
        else:
            stubber.add_response(operation, answer)
    stubber.activate()
    return client
