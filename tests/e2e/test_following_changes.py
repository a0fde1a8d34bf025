"""A client that repeats its requests, and a consumer that follows the changes, on the running stack."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.builders import product
from workflows.stack.access_token import fetch_token

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflows.stack.target import Target

KEY = 987_654_321
ROW = product(product_id=KEY)


@dataclass(frozen=True)
class Repeated:
    """When the requests were sent, and the answers to each and to its repetition."""

    since: str
    created: list[httpx.Response]
    other: httpx.Response  # to another request with the key of the first
    batched: list[Any]
    deleted: list[httpx.Response]


@pytest.fixture(scope="session")
def api(target: Target) -> Iterator[httpx.Client]:
    token = fetch_token(target, "glueline/read glueline/write glueline/delete")
    headers = {"authorization": f"Bearer {token}"}
    with httpx.Client(base_url=target.output("DataApiUrl"), headers=headers, timeout=60) as client:
        yield client


def followed(api: httpx.Client, since: str, seconds: int = 180) -> list[dict[str, Any]]:
    """The changes of the row until its delete has come, repetitions aside."""
    query, found = {"since": since}, dict[str, dict[str, Any]]()
    until = time.monotonic() + seconds
    while time.monotonic() < until and not any(one["op"] == "delete" for one in found.values()):
        page = api.get("/products/changes", params=query).raise_for_status().json()
        found |= {one["position"]: one for one in page["changes"] if one["key"] == str(KEY)}
        query = {"next": page["next"]}
        if not page["more"]:
            time.sleep(2)
    return list(found.values())


@pytest.fixture(scope="session")
def repeated(api: httpx.Client) -> Repeated:
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 1))
    keyed = {"idempotency-key": f"create-{since}"}
    created = [api.post("/products", json=ROW, headers=keyed) for _ in range(2)]
    other = api.post("/products", json=ROW | {"product_id": KEY + 1}, headers=keyed)
    changed = {"changes": [{"dataset": "products", "op": "upsert", "data": ROW | {"package_size": "2 LB"}}]}
    batched = {"idempotency-key": f"batch-{since}"}
    results = [api.post("/batch", json=changed, headers=batched).json()["results"] for _ in range(2)]
    gone = {"idempotency-key": f"delete-{since}"}
    deleted = [api.delete(f"/products/{KEY}", headers=gone) for _ in range(2)]
    return Repeated(since, created, other, results, deleted)


def test_repeated_requests_are_done_once(repeated: Repeated) -> None:
    first, again = repeated.created
    assert (first.status_code, again.status_code, again.text) == (201, 201, first.text)
    assert (repeated.other.status_code, repeated.other.json()["type"]) == (
        422,
        "urn:glueline:problem:key-reused",
    )
    assert repeated.batched[0] == repeated.batched[1]
    assert [answer.status_code for answer in repeated.deleted] == [204, 204]


def test_the_changes_of_repeated_requests_can_be_followed(api: httpx.Client, repeated: Repeated) -> None:
    """A change can be read forty seconds after it came, so this test stands behind others."""
    changes = followed(api, repeated.since)

    assert [(one["op"], one["data"].get("package_size")) for one in changes] == [
        ("upsert", ROW["package_size"]),
        ("upsert", "2 LB"),
        ("delete", None),
    ]
    assert [one["version"] for one in changes] == sorted({one["version"] for one in changes})
