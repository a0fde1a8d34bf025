"""Roles in the embedded AWS, and what their sessions may do."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from workflows.stack.target import Target

ACCOUNT = "000000000000"
type Statement = Mapping[str, Any]


def allow(actions: str | Sequence[str], resource: str, **condition: Any) -> Statement:
    """A statement."""
    return {"Effect": "Allow", "Action": actions, "Resource": resource, **condition}


def make_role(endpoint: str, name: str, *statements: Statement) -> str:
    """A role with an inline policy of these statements, or with this policy from now on; its ARN."""
    iam = Target("us-east-1", {}, endpoint).client("iam")
    trusted = [
        {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"},
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ]
    with suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trusted))
    if statements:
        iam.put_role_policy(RoleName=name, PolicyName="only", PolicyDocument=document(statements))
    else:
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            iam.delete_role_policy(RoleName=name, PolicyName=policy)
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


def document(statements: Sequence[Statement]) -> str:
    """A policy."""
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def as_role(endpoint: str, role: str, service: str, headers: Mapping[str, str] | None = None) -> Any:
    """A client with a session of the role, which does not try again, and sends these headers too."""
    config = Config(retries={"max_attempts": 1})
    found = Target("us-east-1", {}, endpoint).client("sts").assume_role(RoleArn=role, RoleSessionName="test")
    keys = found["Credentials"]
    session = boto3.Session(
        keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], region_name="us-east-1"
    )
    client = session.client(service, endpoint_url=endpoint, config=config)  # type: ignore[call-overload]
    if headers:
        client.meta.events.register(
            "before-sign",
            lambda request, **_: [request.headers.add_header(*pair) for pair in headers.items()],
        )
    return client


def code_of(call: Callable[[], Any]) -> str | None:
    """The code of the error of a call, None if it succeeds."""
    try:
        call()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return None
