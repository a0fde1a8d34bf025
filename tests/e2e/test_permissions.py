"""What the product asked for in its roles is what was recorded: run last, with the stack of all other tests.

GLUELINE_RECORD=1 adds to the recording what is new in it (`tests/workflows/recorded_requests.json`).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.workflows.permissions import Request, in_terms_of_the_template, recorded, write_recording
from workflows.local.ministack.recorded_requests import REQUESTS_PATH

if TYPE_CHECKING:
    from workflows.stack.target import Target

STACK = "glueline"
PEOPLE = ("OperatorRole", "ReaderRole")


@pytest.fixture(scope="module")
def requests(target: Target) -> tuple[set[Request], set[Request]]:
    """Allowed and refused requests of the stack's roles since it started."""
    pages = target.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=STACK)
    resources: list[dict[str, Any]] = [one for page in pages for one in page["StackResourceSummaries"]]
    found = httpx.get(f"{target.endpoint_url}{REQUESTS_PATH}").json()
    return in_terms_of_the_template(found, resources)


def test_nothing_was_refused_to_the_product(requests: tuple[set[Request], set[Request]]) -> None:
    """What is refused to people is tested (`test_people`), and a command that is refused fails."""
    assert sorted(request for request in requests[1] if request.role not in PEOPLE) == []


def test_what_was_asked_for_is_in_the_recording(requests: tuple[set[Request], set[Request]]) -> None:
    known = set(recorded())
    if os.environ.get("GLUELINE_RECORD"):
        write_recording(known | requests[0])
    else:
        assert sorted(requests[0] - known) == [], "record them: GLUELINE_RECORD=1 make test-deep"
