"""Each role of the template has all that the product asked for in it, and nothing that it did not ask for.

What it asked for is recorded by the end-to-end tests. A statement that no request needs is removed from the
template, or explained here and beside it.
"""

from __future__ import annotations

import re
from typing import Final

import pytest

from tests.workflows.permissions import Request, Statement, allowed, policies, recorded

# Statements that no request of the end-to-end tests needs, and why the template has them.
UNSEEN: Final = {
    "FollowAlwaysRole 1": "starts `follow`; the stack is in the other mode again when requests are recorded",
    "FollowAlwaysRole 2": "reads the input of that schedule",
    "ForwarderRole 3": "Lambda requires it for a destination of failures, of which none happens here",
    "JobRolecheck 2": "without it S3 answers 403 instead of 404, which the embedded S3 does not",
    "JobRolefollow 2": "as that of check",
    "JobRolemaintain 2": "removes landed objects after days; tests/jobs/maintenance does it without roles",
    "JobRolemaintain 3": "removes landed objects after days; tests/jobs/maintenance does it without roles",
    "JobRolemaintain 4": "removes certificates after days; tests/jobs/maintenance does it without roles",
    "OperatorReadsSources 3": "redrive --stream of an existing table, of which no batch is given up here",
    "OperatorRole 1": "the outputs of a stack on AWS; those of the local one are in a file",
    "OperatorRole 23": "the code of jobs on AWS; local jobs run from the checkout",
}


def asked(role: str) -> list[Request]:
    """The requests of a role. Those of `follow` are also all of `check` and `merge`, whose work it does.

    Few of the end-to-end tests run in its mode. It announces no backlog: it makes the next round itself.
    """
    own = [request for request in recorded() if request.role == role]
    if role != "JobRolefollow":
        return own
    both = (*asked("JobRolecheck"), *asked("JobRolemerge"))
    return [*own, *(request for request in both if not request.action.startswith("events:"))]


def without(statements: dict[str, Statement], place: str) -> list[Statement]:
    return [statement for name, statement in statements.items() if name != place]


def test_every_request_is_allowed() -> None:
    roles = [role for role in policies() if asked(role)]
    answers = allowed([(policies()[role].values(), asked(role)) for role in roles])

    refused = [
        request
        for role, answer in zip(roles, answers, strict=True)
        for request, is_allowed in zip(asked(role), answer, strict=True)
        if not is_allowed
    ]
    assert refused == []


def test_every_request_is_of_a_role_of_the_template() -> None:
    assert {request.role for request in recorded()} <= set(policies())


def test_without_any_of_its_statements_a_role_is_refused_something() -> None:
    mutations = [
        (place, role)
        for role, statements in policies().items()
        for place, statement in statements.items()
        if statement["Effect"] == "Allow"
    ]
    answers = allowed([(without(policies()[role], place), asked(role)) for place, role in mutations])

    needed = {place for (place, _), answer in zip(mutations, answers, strict=True) if not all(answer)}
    unneeded = {place for place, _ in mutations} - needed
    assert unneeded == set(UNSEEN)


def foreign(role: str, statement: Statement) -> list[Request]:
    """Requests of each action that a statement denies, about a resource that it names."""
    resource = re.sub(r"\*", "x", statement["Resource"])
    return [Request(role, action, resource) for action in statement["Action"]]


def test_what_is_denied_would_be_allowed_to_some_role_otherwise() -> None:
    denied = [
        (place, role, foreign(role, statement))
        for role, statements in policies().items()
        for place, statement in statements.items()
        if statement["Effect"] == "Deny"
    ]
    with_it = allowed([(policies()[role].values(), requests) for _, role, requests in denied])
    without_it = allowed([(without(policies()[role], place), requests) for place, role, requests in denied])

    assert not any(any(answer) for answer in with_it)
    pairs = zip(denied, without_it, strict=True)
    effective = {
        (place, request.action)
        for (place, _, requests), answer in pairs
        for request, is_allowed in zip(requests, answer, strict=True)
        if is_allowed
    }
    assert effective == {(place, request.action) for place, _, requests in denied for request in requests}


@pytest.mark.parametrize(
    ("role", "action", "resource"),
    [
        ("ReaderRole", "s3:GetObject", "arn:aws:s3:::<RawBucket>/drops/products/1.csv"),
        ("ReaderRole", "s3:ListBucket", "arn:aws:s3:::<RawBucket>"),
        ("ReaderRole", "s3:GetObject", "arn:aws:s3:::<LakeBucket>/warehouse/lake_ops/quarantine/1.parquet"),
        ("ReaderRole", "s3:GetObject", "arn:aws:s3:::<LakeBucket>/athena/results-of-an-operator.csv"),
        ("ReaderRole", "s3:PutObject", "arn:aws:s3:::<LakeBucket>/warehouse/lake/products/1.parquet"),
        ("ReaderRole", "glue:GetTable", "arn:aws:glue:us-east-1:000000000000:table/lake_ops/quarantine"),
        ("ReaderRole", "glue:UpdateTable", "arn:aws:glue:us-east-1:000000000000:table/lake/products"),
        ("ReaderRole", "dynamodb:Scan", "arn:aws:dynamodb:us-east-1:000000000000:table/glueline-products"),
        ("ReaderRole", "sqs:ReceiveMessage", "arn:aws:sqs:us-east-1:000000000000:<DeadLetters>"),
        (
            "OperatorRole",
            "dynamodb:PutItem",
            "arn:aws:dynamodb:us-east-1:000000000000:table/glueline-products",
        ),
        (
            "OperatorRole",
            "dynamodb:GetItem",
            "arn:aws:dynamodb:us-east-1:000000000000:table/glueline-2-products",
        ),
        ("OperatorRole", "s3:PutObject", "arn:aws:s3:::<LakeBucket>/warehouse/lake/products/1.parquet"),
        ("OperatorRole", "s3:PutObject", "arn:aws:s3:::<RawBucket>/drops/products/1.csv"),
        ("OperatorRole", "s3:DeleteObject", "arn:aws:s3:::<RawBucket>/stream/products/1.gz"),
        ("OperatorRole", "glue:UpdateTable", "arn:aws:glue:us-east-1:000000000000:table/lake/products"),
        ("OperatorRole", "glue:StartJobRun", "arn:aws:glue:us-east-1:000000000000:job/other-merge"),
        ("OperatorRole", "sqs:ReceiveMessage", "arn:aws:sqs:us-east-1:000000000000:<Inbound>"),
        ("OperatorRole", "iam:PassRole", "arn:aws:iam::000000000000:role/<JobRolemerge>"),
    ],
)
def test_people_may_not(role: str, action: str, resource: str) -> None:
    request = Request(role, action, resource)

    assert allowed([(policies()[role].values(), [request])]) == [[False]]
