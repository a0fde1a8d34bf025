"""The running stack goes to continuous mode; its streaming job is killed while it works, and starts again."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.e2e.conftest import glueline
from tests.e2e.new_datasets import PARCELS
from tests.e2e.test_flow import eventually, rows
from tests.e2e.test_parity import certified
from tests.load import Sent, account, load, outranked, refused, send_at_once
from workflows.local.lifecycle import stack
from workflows.progress.waiting import open_batches, wait
from workflows.query.sql import query
from workflows.stack.target import Target, local

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.checkouts import Checkout
    from workflows.demo.accounting import Outcome
    from workflows.local.lifecycle.status import StreamingRunState

MESSAGES: Final = 60

pytestmark = pytest.mark.timeout(1200)  # two starts of Spark on a busy machine


def runs() -> list[StreamingRunState]:
    """The runs of the streaming job, the newest first."""
    return stack.status().streaming_runs


def status() -> dict[str, Any]:
    """What the command says; it also reads all that it calls wrong, which takes some seconds."""
    shown = glueline("status", "--json")  # ends with 1 if anything is wrong, as dead letters of other tests
    assert shown.returncode in (0, 1), shown.stderr
    found: dict[str, Any] = json.loads(shown.stdout)
    return found


def up(mode: str) -> None:
    deployed = glueline("up", "--mode", mode)
    assert deployed.returncode == 0, deployed.stderr


@pytest.fixture(scope="module")
def continuous(target: Target, is_ours: bool) -> Iterator[Target]:
    """The stack of all tests in continuous mode, in which its streaming job runs; then in its own again."""
    up("continuous")
    eventually(lambda: [run for run in runs() if run.state == "RUNNING"], "a run")
    yield local()
    if not is_ours:
        up("workflow")


def is_at_work(target: Target, run: str) -> bool:
    """Whether a batch of the run is open, and its messages are deleted: else they are hidden for minutes."""
    if not any(batch.startswith(run) for batch in open_batches(target)):
        return False
    hidden = "ApproximateNumberOfMessagesNotVisible"
    queue = target.output("IntakeQueueUrl")
    found = target.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=[hidden])
    return int(found["Attributes"][hidden]) == 0


@dataclass(frozen=True, slots=True)
class Survived:
    """What became of the messages, and the runs of the streaming job, the newest first."""

    sent: Sent
    killed: str
    outcome: Outcome
    workflow_runs: list[str]
    state: dict[str, Any]


@pytest.fixture(scope="module")
def survived(continuous: Target) -> Survived:
    """Messages are sent, and the job is killed with its Spark in the middle of the batch that has them."""
    before = stack.status()
    running, sent = before.streaming_runs[0].run_id, Sent()
    send_at_once(continuous, load(MESSAGES).messages, sent)
    eventually(lambda: is_at_work(continuous, running), "a batch in work")
    assert before.streaming is not None
    assert before.streaming.pid is not None
    os.killpg(before.streaming.pid, signal.SIGKILL)
    wait(continuous, [], lambda pending: None)
    outcome = account(continuous, sent)
    state = status()
    known = {run.run_id for run in before.workflow_runs}
    started = [run["run_id"] for run in state["workflow_runs"] if run["run_id"] not in known]
    return Survived(sent, running, outcome, started, state)


def test_every_message_is_found_again_and_the_table_equals_the_model(survived: Survived) -> None:
    outcome, messages = survived.outcome, survived.sent.messages

    assert (outcome.lost, outcome.differing) == ([], [])
    assert outcome.rejected == refused(messages)
    assert outcome.superseded <= outranked(messages)
    assert outcome.accepted + outcome.superseded + sum(outcome.rejected.values()) == MESSAGES


def test_the_streaming_job_alone_has_read_them_each_once(survived: Survived, continuous: Target) -> None:
    valid = {message.event_id for message in survived.sent.messages if message.change is not None}
    changes = query(continuous, "select _event_id, _batch_id from transactions_changes").to_pylist()
    batches = [(one["_event_id"], one["_batch_id"]) for one in changes if one["_event_id"] in valid]
    read = Counter(event for event, _ in batches)

    assert [batch for _, batch in batches if not batch.startswith("jr_")] == []
    assert [event for event, times in read.items() if times > 1] == []
    assert len(valid - read.keys()) <= survived.outcome.superseded
    assert survived.workflow_runs == []


def test_the_schedule_has_started_the_next_run(survived: Survived) -> None:
    newest, *older = survived.state["streaming_runs"]
    (killed,) = (run for run in older if run["run_id"] == survived.killed)

    assert survived.state["mode"] == "continuous"
    assert newest["state"] == "RUNNING"
    assert killed["state"] == "FAILED"
    assert killed["error"].startswith("Spark died (SIGKILL)")
    assert survived.state["streaming"]["state"] == "running"


def test_the_certificate_is_clean(survived: Survived) -> None:
    assert certified()["ok"]


@pytest.mark.usefixtures("survived")
def test_an_up_without_changes_leaves_the_mode_and_the_run(continuous: Target) -> None:
    before = runs()

    unchanged = glueline("up")

    assert unchanged.stdout.startswith("Nothing has changed")
    assert runs() == before


@pytest.mark.deep  # two more deployments
@pytest.mark.usefixtures("survived")
def test_a_new_contract_ends_the_run_and_the_next_one_takes_its_files(
    continuous: Target, checkout: Checkout
) -> None:
    checkout.contract("letters").write_text(PARCELS.replace("parcels", "letters"))
    before = runs()[0].run_id

    stack.up(print, checkout.home)

    continuous.client("s3").put_object(
        Bucket=continuous.output("RawBucket"), Key="drops/letters/a.csv", Body=b"parcel_id,weight\na,2.5\n"
    )
    sql = "select parcel_id from letters"
    assert eventually(lambda: rows(continuous, sql), "the letter") == [{"parcel_id": "a"}]
    newest, *older = runs()
    assert newest.state == "RUNNING"
    assert [run.state for run in older if run.run_id == before] == ["SUCCEEDED"]
