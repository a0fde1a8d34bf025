"""What the product asked for is allowed to its roles, and nothing was refused to it.

Runs last, with each stack of the other tests. GLUELINE_RECORD=1 adds what is new to the recording
(`tests/workflows/recorded_requests.json`).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.conftest import STACKS
from tests.e2e.http import http
from tests.workflows.permissions import (
    Request,
    allowed,
    in_terms_of_the_template,
    policies,
    recorded,
    write_recording,
)
from workflows.local.ministack.recorded_requests import REQUESTS_PATH

if TYPE_CHECKING:
    from workflows.stack.target import Target

STACK = "glueline"
EACH_STACK = [pytest.param(stack, marks=pytest.mark.xdist_group(stack)) for stack in STACKS]
PEOPLE = ("OperatorRole", "ReaderRole")


@pytest.fixture(scope="module", params=EACH_STACK)
def requests(target: Target) -> tuple[set[Request], set[Request]]:
    """Allowed and refused requests of the stack's roles since it started."""
    pages = target.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=STACK)
    resources: list[dict[str, Any]] = [one for page in pages for one in page["StackResourceSummaries"]]
    found = http.get(f"{target.endpoint_url}{REQUESTS_PATH}").json()
    return in_terms_of_the_template(found, resources)


def test_nothing_was_refused_to_the_product(requests: tuple[set[Request], set[Request]]) -> None:
    """What is refused to people is tested (`test_people`), and a command that is refused fails."""
    assert sorted(request for request in requests[1] if request.role not in PEOPLE) == []


def test_what_was_asked_for_is_allowed_by_the_statements_of_the_template(
    requests: tuple[set[Request], set[Request]],
) -> None:
    """Also what is not recorded: some requests depend on which job runs beside which."""
    new = sorted(requests[0] - set(recorded()))
    if os.environ.get("GLUELINE_RECORD"):
        write_recording({*recorded(), *new})

    answers = allowed([(policies()[request.role].values(), [request]) for request in new])

    assert [request for request, answer in zip(new, answers, strict=True) if not all(answer)] == []
