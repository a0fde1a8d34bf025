"""`glueline erase` on the running stack: a row that came by three doors, and one that stays."""

from __future__ import annotations

import gzip
import json
import time
import uuid
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from expectations.odcs import load_contracts
from jobs.erasure.keys import ErasedKeys
from tests.e2e.conftest import glueline
from workflows.operations import dead_letters
from workflows.operations.erase_messages import dead_letters_of
from workflows.operations.sending import send
from workflows.progress.waiting import wait
from workflows.query.sql import query, rows
from workflows.stack.access_token import fetch_token

if TYPE_CHECKING:
    from workflows.stack.target import Target

pytestmark = pytest.mark.deep

HOUSEHOLD = {
    "age": "35-44",
    "income": "50-74K",
    "home_ownership": "Homeowner",
    "marital_status": "Married",
    "household_size": "2",
    "household_comp": "2 Adults Kids",
    "kids_count": "1",
}
HEADER = ",".join(["household_id", *HOUSEHOLD])


def event(household: int, kind: str = "upsert", **changed: Any) -> str:
    data = {"household_id": household, **HOUSEHOLD, **changed}
    envelope = {"specversion": "1.0", "id": str(uuid.uuid4()), "source": "e2e", "type": f"households.{kind}"}
    return json.dumps({**envelope, "data": data})


def drop(*households: int, kids: str = "1") -> bytes:
    values = [*HOUSEHOLD.values()][:-1]
    return "\n".join([HEADER, *(",".join([str(one), *values, kids]) for one in households), ""]).encode()


@pytest.fixture(scope="module")
def households(target: Target) -> tuple[int, int]:
    """Two households: accepted rows and rejected ones, by the queue and by a drop."""
    first = 2 * 10**15 + int(time.time() * 1000)
    both = first, first + 1
    s3, bucket = target.client("s3"), target.output("RawBucket")
    send(target, [event(one) for one in both])
    send(target, [event(one, age="old") for one in both])
    keys = {
        f"drops/households/e2e-{first}.csv": drop(*both),
        f"drops/households/e2e-{first}-bad.csv": drop(*both, kids="9"),
    }
    for key, body in keys.items():
        s3.put_object(Bucket=bucket, Key=key, Body=body)
    wait(target, [f"s3://{bucket}/{key}" for key in keys], lambda _: None)
    return both


def put(target: Target, household: int, client: httpx.Client | None = None) -> httpx.Response:
    """Write the household through the Data API."""
    url = f"{target.output('DataApiUrl')}/households/{household}"
    token = fetch_token(target, "glueline/write")
    body = {"household_id": household, **HOUSEHOLD}
    return (client or httpx).put(url, json=body, headers={"Authorization": f"Bearer {token}"}, timeout=30)


def count(target: Target, table: str, condition: str) -> int:
    [row] = rows(query(target, f"select count(*) as n from {table} where {condition}"))
    number: int = row["n"]
    return number


def test_an_erased_household_is_nowhere_and_the_other_is_where_it_was(
    target: Target, households: tuple[int, int]
) -> None:
    erased, kept = households
    answered = glueline("erase", "households", str(erased), "--yes", "--remove-unreadable", "--json")

    assert answered.returncode == 0, answered.stderr + answered.stdout
    proof = json.loads(answered.stdout)
    places = {place["place"]: place for place in proof["places"]}
    assert proof["is_complete"]
    assert [place["found"] for place in places.values()] == [0] * len(places)
    assert places["DynamoDB"]["removed"] == 1
    assert places["RAW: versions of objects"]["removed"] >= 3
    assert places["dead letters"]["removed"] == 1
    assert str(erased) not in answered.stdout
    for table in ("households", "households_changes"):
        assert count(target, table, f"household_id = {erased}") == 0
        assert count(target, table, f"household_id = {kept}") > 0
    assert count(target, "lake_ops.quarantine", f"strpos(payload, '{erased}') > 0") == 0
    # Once more, as the rewritten file was read again.
    assert count(target, "lake_ops.quarantine", f"strpos(payload, '{kept}') > 0") == 2
    letters = [letter for letter in dead_letters.read(target) if str(kept) in letter.body]
    assert len(letters) == 1
    assert not dead_letters_of(target, ErasedKeys.of(load_contracts()["households"], [str(erased)]))


def test_an_erased_household_comes_back_only_after_the_erasure_is_lifted(
    target: Target, households: tuple[int, int]
) -> None:
    erased, _ = households
    send(target, [event(erased)])
    wait(target, [], lambda _: None)
    while_erased = count(target, "households", f"household_id = {erased}")
    of_queue = dead_letters.read(target)
    by_api = put(target, erased)
    lifted = glueline("erase", "households", str(erased), "--lift", "--yes", "--json")
    send(target, [event(erased, kids_count="2")])
    wait(target, [], lambda _: None)

    assert while_erased == 0
    assert by_api.status_code == 410
    assert not [letter for letter in of_queue if str(erased) in letter.body]
    assert count(target, "households_changes", f"household_id = {erased} and kids_count = '1'") == 0
    assert json.loads(lifted.stdout) == {"lifted": 1}, lifted.stderr
    assert count(target, "households", f"household_id = {erased} and kids_count = '2'") == 1


def test_an_erasure_ends_while_others_write_its_key_all_the_time(target: Target) -> None:
    """By the queue and by the Data API, which refuses from the start. Nothing of it is left."""
    erased = 3 * 10**15 + int(time.time() * 1000)
    send(target, [event(erased)])
    wait(target, [], lambda _: None)
    ended = Event()
    statuses: list[int] = []

    def write() -> None:
        while not ended.is_set():
            send(target, [event(erased, kids_count=("1", "2", "3+")[len(statuses) % 3])])
            statuses.append(put(target, erased).status_code)
            ended.wait(0.5)

    writer = Thread(target=write)
    writer.start()
    try:
        began = time.monotonic()
        answered = glueline("erase", "households", str(erased), "--yes", "--remove-unreadable", "--json")
        seconds = time.monotonic() - began
    finally:
        ended.set()
        writer.join()
    wait(target, [], lambda _: None)

    of_keys = dead_letters_of(target, ErasedKeys.of(load_contracts()["households"], [str(erased)]))
    assert not [(letter.reason, letter.body) for letter in of_keys]
    assert answered.returncode == 0, answered.stderr + answered.stdout
    proof = json.loads(answered.stdout)
    assert proof["is_complete"]
    assert [line for line in proof["kept"] if line.startswith("messages: ")]
    assert statuses[-1] == 410
    assert set(statuses) <= {200, 201, 204, 410, 412}
    assert seconds < 600  # with the machine busy; not for ever
    for table in ("households", "households_changes"):
        assert count(target, table, f"household_id = {erased}") == 0
    assert count(target, "lake_ops.quarantine", f"strpos(payload, '{erased}') > 0") == 0
    raw = target.client("s3")
    pages = raw.get_paginator("list_objects_v2").paginate(
        Bucket=target.output("RawBucket"), Prefix="stream/households/"
    )
    bodies = [
        gzip.decompress(raw.get_object(Bucket=target.output("RawBucket"), Key=found["Key"])["Body"].read())
        for page in pages
        for found in page.get("Contents", ())
    ]
    assert bodies
    assert not [body for body in bodies if str(erased).encode() in body]
