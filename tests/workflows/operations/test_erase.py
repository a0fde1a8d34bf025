"""`glueline erase` between the phases of its job: what it awaits, what it removes itself, how it goes on."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from jobs.erasure.phases import not_searched
from jobs.erasure.requests import PROOF
from tests.jobs.builders import ENTITIES, record
from tests.workflows.empty_stack import empty_stack
from workflows.operations import dead_letters, erase
from workflows.operations.erase import STEPS, Course, EraseError, Erasure, await_marks, plan, search_messages
from workflows.operations.erase_report import proof_picture
from workflows.progress.job_runs import JobFailed
from workflows.progress.waiting import WaitTimeout
from workflows.stack.target import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


PHASES = ["seal", "scrub", "purge", "prove"]


@pytest.fixture
def target(aws: str) -> Target:
    empty = empty_stack(aws)
    key = empty.client("kms").create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
    return Target(empty.region, empty.outputs | {"ErasureKeyId": key["KeyMetadata"]["KeyId"]}, aws)


@pytest.fixture
def erasure(target: Target) -> Erasure:
    return plan(target, ENTITIES, ["7"])


def silent(_: str) -> None:
    pass


# --- what is asked for --------------------------------------------------------------------------------------


def test_the_same_keys_in_any_order_are_the_same_erasure(target: Target) -> None:
    first, again = plan(target, ENTITIES, ["7", "12"]), plan(target, ENTITIES, ["12", "7", "7"])

    assert (first.id, first.hashes) == (again.id, again.hashes)
    assert first.id != plan(target, ENTITIES, ["7"]).id


def test_hashes_of_keys_can_not_be_had_without_the_key_in_kms(aws: str, target: Target) -> None:
    key = target.client("kms").create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
    other = Target(target.region, target.outputs | {"ErasureKeyId": key["KeyMetadata"]["KeyId"]}, aws)

    assert erase.key_hash(target, "entities", "7") == erase.key_hash(target, "entities", "7")
    assert erase.key_hash(target, "entities", "7") != erase.key_hash(target, "events", "7")
    assert erase.key_hash(target, "entities", "7") != erase.key_hash(other, "entities", "7")


def test_what_is_no_key_of_the_dataset_is_named(target: Target) -> None:
    with pytest.raises(EraseError, match=r"entities.*seven"):
        plan(target, ENTITIES, ["7", "seven"])


# --- the phases ---------------------------------------------------------------------------------------------


class Job:
    """The job `erase`, which only writes down which phases it was asked for, and dies where it is told to."""

    def __init__(
        self, erasure: Erasure, dies_at: str | None = None, interrupted_at: str | None = None
    ) -> None:
        self.erasure, self.dies_at, self.interrupted_at = erasure, dies_at, interrupted_at
        self.phases: list[str] = []

    def __call__(
        self, target: Target, job: str, arguments: Mapping[str, str], follow: Callable[[str, str], None]
    ) -> str:
        phase = arguments["--PHASE"]
        assert (job, arguments["--ERASURE"]) == ("erase", self.erasure.id)
        assert "7" not in arguments.values()  # Glue keeps arguments: no key may be in them
        request = self.erasure.erasures.request(self.erasure.id)
        assert request is not None
        assert set(request.hashes) == {"7"}
        self.phases.append(phase)
        follow(f"jr_{phase}", "RUNNING")
        if phase == self.interrupted_at:
            raise KeyboardInterrupt
        if phase == self.dies_at:
            raise JobFailed(phase)
        if phase == "prove":
            self.erasure.erasures.write(self.erasure.id, PROOF, {"is_complete": True})
        if phase == "lift":
            self.erasure.erasures.write(self.erasure.id, "lifted", {"lifted": 1})
        return "run"


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What `erase` waits for, in order, without waiting."""
    waited: list[str] = []
    monkeypatch.setattr(erase, "await_open_work", lambda *_: waited.append("others"))
    monkeypatch.setattr(erase, "await_marks", lambda *_: waited.append("marks"))
    return waited


def test_the_phases_come_in_order_and_others_finish_between_them(
    target: Target, erasure: Erasure, waits: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = Job(erasure)
    monkeypatch.setattr(erase, "run_job", job)

    proof = erase.erase(target, erasure, Course(silent))

    assert proof == {"is_complete": True}
    assert job.phases == PHASES
    assert waits == ["marks", "others", "others", "others"]


@pytest.mark.parametrize("phase", PHASES)
def test_an_erasure_that_stopped_goes_on_with_its_own_request(
    target: Target, erasure: Erasure, waits: list[str], monkeypatch: pytest.MonkeyPatch, phase: str
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(erase, "run_job", Job(erasure, dies_at=phase))
        with pytest.raises(JobFailed, match=phase):
            erase.erase(target, erasure, Course(silent))
    asked = erasure.erasures.request(erasure.id)
    monkeypatch.setattr(erase, "run_job", Job(erasure))

    assert erase.erase(target, plan(target, ENTITIES, ["7"]), Course(silent)) == {"is_complete": True}
    assert erasure.erasures.request(erasure.id) == asked


@pytest.mark.parametrize(
    ("phase", "done"), [("seal", 0), ("scrub", 2), ("purge", 3), ("prove", 5)], ids=PHASES
)
def test_an_erasure_that_is_interrupted_says_what_is_done_what_is_not_and_what_goes_on(
    monkeypatch: pytest.MonkeyPatch, erasure: Erasure, target: Target, phase: str, done: int
) -> None:
    monkeypatch.setattr(erase, "run_job", Job(erasure, interrupted_at=phase))
    for wait_for in ("await_open_work", "await_marks"):
        monkeypatch.setattr(erase, wait_for, lambda *_: None)
    told: list[str] = []
    course = Course(told.append)

    with pytest.raises(KeyboardInterrupt):
        erase.erase(target, erasure, course)

    assert str(course) == (
        f"Done: {', '.join(STEPS[:done]) or 'nothing'}. Not done: {', '.join(STEPS[done:])}. "
        f"The job run jr_{phase} goes on by itself."
    )
    assert told[-1] == f"{done + 1} of {len(STEPS)}, {STEPS[done]}: job run jr_{phase} is RUNNING"


def test_an_interruption_between_two_jobs_says_that_none_is_under_way(
    target: Target, erasure: Erasure, waits: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(erase, "run_job", Job(erasure))
    monkeypatch.setattr(erase, "await_marks", interrupt)
    course = Course(silent)

    with pytest.raises(KeyboardInterrupt):
        erase.erase(target, erasure, course)

    assert str(course).startswith(f"Done: {STEPS[0]}. Not done: {STEPS[1]}, ")
    assert str(course).endswith("No job run of it is under way.")


def test_lifting_is_a_phase_of_its_own(
    target: Target, erasure: Erasure, waits: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = Job(erasure)
    monkeypatch.setattr(erase, "run_job", job)

    assert erase.lift(target, erasure, Course(silent)) == 1
    assert (job.phases, waits) == (["lift"], ["others"])


# --- what the stream tells ----------------------------------------------------------------------------------


def land(target: Target, name: str, *records: dict[str, Any]) -> str:
    key = f"stream/entities/{datetime.now(UTC):%Y/%m/%d/%H}/{name}.jsonl.gz"
    body = gzip.compress("".join(f"{json.dumps(one)}\n" for one in records).encode())
    target.client("s3").put_object(Bucket=target.output("RawBucket"), Key=key, Body=body)
    return f"s3://{target.output('RawBucket')}/{key}"


@pytest.fixture
def merged(monkeypatch: pytest.MonkeyPatch) -> list[set[str]]:
    """The files that were awaited, without waiting."""
    awaited: list[set[str]] = []
    monkeypatch.setattr(erase, "wait", lambda _, files, *more, **others: awaited.append(set(files)))
    return awaited


MARK = {"_key": {"S": "7"}, "_deleted": {"BOOL": True}, "_erased": {"BOOL": True}}


def test_the_records_of_marks_are_awaited_until_they_have_landed_and_are_merged(
    target: Target, erasure: Erasure, merged: list[set[str]]
) -> None:
    now = datetime.now(UTC)
    note = {"marked": ["7", "8"], "since": now.isoformat(), "marked_at": now.isoformat()}
    erasure.erasures.write(erasure.id, "seal", note)
    hour_ago = now - timedelta(hours=1)
    land(target, "older", record("MODIFY", "7", new=MARK, at=hour_ago), record("MODIFY", "7", new={}, at=now))
    one = land(
        target, "one", record("MODIFY", "7", new=MARK, at=now), record("INSERT", "9", new=MARK, at=now)
    )
    late: list[str] = []

    def tell(_: str) -> None:
        if not late:
            late.append(land(target, "late", record("INSERT", "8", new=MARK, at=now)))

    await_marks(target, erasure, tell)

    assert merged == [{one, *late}]
    await_marks(target, erasure, silent)  # once is enough: RAW is scrubbed after it
    assert merged == [{one, *late}]


def test_nothing_is_awaited_where_all_keys_had_marks(
    target: Target, erasure: Erasure, merged: list[set[str]]
) -> None:
    await_marks(target, erasure, silent)

    assert merged == []


def test_a_stream_that_tells_nothing_is_given_up(
    target: Target, erasure: Erasure, merged: list[set[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC).isoformat()
    erasure.erasures.write(erasure.id, "seal", {"marked": ["7"], "since": now, "marked_at": now})
    monkeypatch.setattr(erase, "patience_seconds", lambda _: -1)

    with pytest.raises(WaitTimeout, match="forwarder"):
        await_marks(target, erasure, silent)
    assert merged == []


# --- queues -------------------------------------------------------------------------------------------------


def test_dead_letters_of_the_keys_go_and_others_are_visible_at_once(target: Target, erasure: Erasure) -> None:
    sqs, queue = target.client("sqs"), target.output("DeadLetterQueueUrl")
    bodies = [json.dumps({"type": "entities.upsert", "data": {"id": number}}) for number in range(30)]
    for body in [*bodies, '{"type": "entities.upsert", "data": {"id": 7, ', "id: 70"]:
        sqs.send_message(QueueUrl=queue, MessageBody=body)

    search_messages(target, erasure)

    left = {letter.body for letter in dead_letters.read(target)}
    assert left == {*bodies, "id: 70"} - {bodies[7]}
    note = erasure.erasures.note(erasure.id, "letters")
    assert (note["searched"], note["removed"], note["found"]) == (32, 2, 0)
    search_messages(target, erasure)
    note = erasure.erasures.note(erasure.id, "letters")
    assert (note["searched"], note["removed"], note["found"]) == (30, 2, 0)


def test_messages_that_no_one_can_search_are_counted_and_the_proof_says_when_they_are_gone(
    target: Target, erasure: Erasure
) -> None:
    sqs, queue = target.client("sqs"), target.output("InboundQueueUrl")
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"MessageRetentionPeriod": str(14 * 24 * 3600)})
    for number in range(3):
        sqs.send_message(QueueUrl=queue, MessageBody=f"message {number}")
    sqs.receive_message(QueueUrl=queue, VisibilityTimeout=300)

    search_messages(target, erasure)

    note = erasure.erasures.note(erasure.id, "letters")
    gone_by = datetime.fromisoformat(note["gone_by"])
    assert note["inbound"] == 3
    assert timedelta(days=13) < gone_by - datetime.now(UTC) <= timedelta(days=14)
    [line] = not_searched(note)
    assert line.startswith("messages: 3 in the inbound queue, which can't be searched")
    assert f"gone by {gone_by:%Y-%m-%d}" in line


# --- what a person sees -------------------------------------------------------------------------------------


def test_the_picture_of_a_proof_names_all_that_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    from rich.console import Console

    place = {
        "place": "RAW",
        "searched": 1200,
        "rows": 5000,
        "removed": 3,
        "found": 1,
        "note": "[2 in drops/]",
    }
    proof = {"places": [place], "unsearched": ["s3://raw/x: gzip"], "kept": ["logs"], "is_complete": False}
    console = Console(width=100)

    console.print(proof_picture(proof))
    console.print(proof_picture(proof | {"unsearched": [], "is_complete": True}))

    shown = capsys.readouterr().out
    for text in (
        "1,200",
        "5,000",
        "[2 in drops/]",
        "not searched: s3://raw/x: gzip",
        "stays: logs",
        "Not complete",
    ):
        assert text in shown
    assert "Nothing is left" in shown
