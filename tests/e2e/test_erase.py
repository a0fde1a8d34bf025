"""`glueline erase` on the running stack: a row that came by three doors, and one that stays."""

from __future__ import annotations

import json
import time
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from expectations.odcs import load_contracts
from jobs.erased_keys import ErasedKeys
from tests.e2e.conftest import glueline
from workflows import dead_letters
from workflows.erase import letters_of
from workflows.query import query, rows
from workflows.sending import send
from workflows.waiting import wait

if TYPE_CHECKING:
    from workflows.target import Target

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
    """Two that came by the queue and by a drop, and were refused at both."""
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
    assert not letters_of(target, ErasedKeys.of(load_contracts()["households"], [str(erased)]))


def test_an_erased_household_comes_back_only_after_the_erasure_is_lifted(
    target: Target, households: tuple[int, int]
) -> None:
    erased, _ = households
    send(target, [event(erased)])
    wait(target, [], lambda _: None)
    while_erased = count(target, "households", f"household_id = {erased}")
    lifted = glueline("erase", "households", str(erased), "--lift", "--yes", "--json")
    send(target, [event(erased, kids_count="2")])
    wait(target, [], lambda _: None)

    assert while_erased == 0
    assert json.loads(lifted.stdout) == {"lifted": 1}, lifted.stderr
    assert count(target, "households", f"household_id = {erased} and kids_count = '2'") == 1
