"""The AWS account and region of the caller's credentials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from workflows.deploy.errors import DeployError
from workflows.deploy.template import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

_SAM_STACK: Final = "aws-sam-cli-managed-default"


@dataclass(frozen=True, slots=True)
class Account:
    """Whose credentials they are, and where they act."""

    session: boto3.Session
    id: str
    region: str
    caller: str  # ARN

    @property
    def partition(self) -> str:
        """`aws`, `aws-cn`, `aws-us-gov`, …"""
        return self.caller.split(":")[1]

    def client(self, service: str) -> Any:
        """A client of an AWS service. Any: boto3 creates its classes at run time."""
        return self.session.client(service, region_name=self.region)  # type: ignore[call-overload]  # any service

    def place(self, stack: str) -> Place:
        """What the template is expanded with."""
        return Place(stack, self.region, self.id, self.partition)


def sign_in(region: str | None = None) -> Account:
    """The account of the credentials. Raises DeployError if there are none, or no region."""
    try:
        session = boto3.Session(region_name=region)
        identity = session.client("sts").get_caller_identity()
        if session.region_name is None:
            raise DeployError(
                "Expected a region, got none. Name one: --region eu-west-1, or AWS_DEFAULT_REGION."
            )
        return Account(session, identity["Account"], session.region_name, identity["Arn"])
    except (BotoCoreError, ClientError) as error:
        raise DeployError(
            f"AWS refused your credentials, or there are none: {error}\nSet credentials and a region (aws "
            "configure sso, or AWS_PROFILE and AWS_DEFAULT_REGION) that may create stacks, roles, buckets, "
            "then run this again."
        ) from error


def managed_bucket(account: Account) -> str | None:
    """The bucket for artifacts that SAM manages in this account and region, if there is one."""
    try:
        stacks = account.client("cloudformation").describe_stacks(StackName=_SAM_STACK)["Stacks"]
    except ClientError:
        return None  # it does not exist, or may not be looked at: SAM creates it, or says what it lacks
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stacks[0].get("Outputs", [])}
    return outputs.get("SourceBucket")


def make_managed_bucket(account: Account) -> str:
    """The bucket for artifacts that SAM manages in this account and region, created if there is none."""
    from samcli.commands.exceptions import UserException
    from samcli.lib.bootstrap.bootstrap import manage_stack

    try:
        return str(manage_stack(profile=None, region=account.region))
    except UserException as error:
        raise DeployError(
            f"SAM could not create its artifacts bucket: {error}\nName a bucket of yours: --bucket NAME"
        ) from error


def pages(client: Any, operation: str, key: str, **request: Any) -> Iterator[Any]:
    """The items that all pages of an operation have under `key`."""
    if client.can_paginate(operation):
        for page in client.get_paginator(operation).paginate(**request):
            yield from page.get(key, ())
        return
    while True:
        page = getattr(client, operation)(**request)
        yield from page.get(key, ())
        if not page.get("NextToken"):
            return
        request["NextToken"] = page["NextToken"]
