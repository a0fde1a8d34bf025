"""`glueline erase` between the phases of its job: what it awaits, what it removes itself, how it goes on."""

from __future__ import annotations

import gzip
import json
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from jobs.erasures import PROOF
from tests.jobs.builders import ENTITIES, record
from tests.workflows.empty_stack import empty_stack
from workflows import dead_letters, erase, job_runs
from workflows.erase import EraseError, Erasure, await_removals, plan, remove_letters
from workflows.erase_report import proof_picture
from workflows.job_runs import JobFailed, let_finish, run_job
from workflows.target import Target
from workflows.waiting import NotThroughInTime

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

    def __init__(self, erasure: Erasure, dies_at: str | None = None) -> None:
        self.erasure, self.dies_at = erasure, dies_at
        self.phases: list[str] = []

    def __call__(self, target: Target, job: str, arguments: Mapping[str, str]) -> str:
        phase = arguments["--PHASE"]
        assert (job, arguments["--ERASURE"]) == ("erase", self.erasure.id)
        assert "7" not in arguments.values()  # Glue keeps arguments: no key may be in them
        request = self.erasure.erasures.request(self.erasure.id)
        assert request is not None
        assert set(request.hashes) == {"7"}
        self.phases.append(phase)
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
    monkeypatch.setattr(erase, "let_finish", lambda *_: waited.append("others"))
    monkeypatch.setattr(erase, "await_removals", lambda *_: waited.append("removals"))
    return waited


def test_the_phases_come_in_order_and_others_finish_between_them(
    target: Target, erasure: Erasure, waits: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = Job(erasure)
    monkeypatch.setattr(erase, "run_job", job)

    proof = erase.erase(target, erasure, silent)

    assert proof == {"is_complete": True}
    assert job.phases == PHASES
    assert waits == ["removals", "others", "others", "others"]


@pytest.mark.parametrize("phase", PHASES)
def test_an_erasure_that_stopped_goes_on_with_its_own_request(
    target: Target, erasure: Erasure, waits: list[str], monkeypatch: pytest.MonkeyPatch, phase: str
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(erase, "run_job", Job(erasure, dies_at=phase))
        with pytest.raises(JobFailed, match=phase):
            erase.erase(target, erasure, silent)
    asked = erasure.erasures.request(erasure.id)
    monkeypatch.setattr(erase, "run_job", Job(erasure))

    assert erase.erase(target, plan(target, ENTITIES, ["7"]), silent) == {"is_complete": True}
    assert erasure.erasures.request(erasure.id) == asked


def test_lifting_is_a_phase_of_its_own(
    target: Target, erasure: Erasure, waits: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = Job(erasure)
    monkeypatch.setattr(erase, "run_job", job)

    assert erase.lift(target, erasure, silent) == 1
    assert (job.phases, waits) == (["lift"], [])


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


def test_removals_are_awaited_until_they_have_landed_and_are_merged(
    target: Target, erasure: Erasure, merged: list[set[str]]
) -> None:
    now = datetime.now(UTC)
    erasure.erasures.write(erasure.id, "seal", {"deleted": ["7", "8"], "deleted_at": now.isoformat()})
    land(target, "older", record("REMOVE", "7", at=now - timedelta(hours=1)), record("MODIFY", "7", at=now))
    one = land(target, "one", record("REMOVE", "7", at=now), record("REMOVE", "9", at=now))
    late: list[str] = []

    def tell(_: str) -> None:
        if not late:
            late.append(land(target, "late", record("REMOVE", "8", at=now)))

    await_removals(target, erasure, tell)

    assert merged == [{one, *late}]
    await_removals(target, erasure, silent)  # once is enough: RAW is scrubbed after it
    assert merged == [{one, *late}]


def test_nothing_is_awaited_where_nothing_was_removed(
    target: Target, erasure: Erasure, merged: list[set[str]]
) -> None:
    await_removals(target, erasure, silent)

    assert merged == []


def test_a_stream_that_tells_nothing_is_given_up(
    target: Target, erasure: Erasure, merged: list[set[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    erasure.erasures.write(
        erasure.id, "seal", {"deleted": ["7"], "deleted_at": datetime.now(UTC).isoformat()}
    )
    monkeypatch.setattr(erase, "patience_seconds", lambda _: -1)

    with pytest.raises(NotThroughInTime, match="forwarder"):
        await_removals(target, erasure, silent)
    assert merged == []


# --- dead letters -------------------------------------------------------------------------------------------


def test_dead_letters_of_the_keys_go_and_others_are_visible_at_once(target: Target, erasure: Erasure) -> None:
    sqs, queue = target.client("sqs"), target.output("DeadLetterQueueUrl")
    bodies = [json.dumps({"type": "entities.upsert", "data": {"id": number}}) for number in range(30)]
    for body in [*bodies, '{"type": "entities.upsert", "data": {"id": 7, ', "id: 70"]:
        sqs.send_message(QueueUrl=queue, MessageBody=body)

    remove_letters(target, erasure)

    left = {letter.body for letter in dead_letters.read(target)}
    assert left == {*bodies, "id: 70"} - {bodies[7]}
    assert erasure.erasures.note(erasure.id, "letters") == {"searched": 32, "removed": 2, "found": 0}
    remove_letters(target, erasure)
    assert erasure.erasures.note(erasure.id, "letters") == {"searched": 30, "removed": 2, "found": 0}


# --- runs of jobs -------------------------------------------------------------------------------------------


class Glue:
    """A Glue with these runs of jobs; `look` is called before each answer."""

    def __init__(self, runs: list[dict[str, Any]], look: Callable[[], None] = lambda: None) -> None:
        self.runs, self.look = runs, look

    def get_job_runs(self, JobName: str, MaxResults: int) -> dict[str, Any]:
        self.look()
        return {"JobRuns": [run for run in self.runs if run["JobName"] == JobName]}

    def start_job_run(self, JobName: str, Arguments: dict[str, str]) -> dict[str, Any]:
        self.runs.append({"JobName": JobName, "Id": "jr_1", "JobRunState": "RUNNING", "Attempt": 0})
        return {"JobRunId": "jr_1"}

    def enable_rule(self, Name: str) -> None:
        assert Name.startswith("backlog-")

    def put_events(self, Entries: list[Any]) -> dict[str, Any]:
        self.runs.append({"JobName": "check", "Id": "jr_2", "JobRunState": "RUNNING"})
        return {"FailedEntryCount": 0}


def use(monkeypatch: pytest.MonkeyPatch, glue: Glue) -> None:
    client = Target.client
    monkeypatch.setattr(
        Target, "client", lambda self, name: glue if name in ("glue", "events") else client(self, name)
    )
    monkeypatch.setattr(time, "sleep", lambda _: None)


def run_of(job: str, state: str = "RUNNING") -> dict[str, Any]:
    return {"JobName": job, "Id": f"jr_{job}", "JobRunState": state}


def test_what_is_under_way_is_awaited_and_what_begins_meanwhile_is_not(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [run_of("check"), run_of("maintain", "SUCCEEDED")]
    s3, bucket = target.client("s3"), target.output("LakeBucket")
    s3.put_object(Bucket=bucket, Key="open/b1", Body=b"")
    told: list[str] = []

    def tell(what: str) -> None:
        told.append(what)
        if len(told) == 2:
            runs[0]["JobRunState"] = "SUCCEEDED"
            runs.append(run_of("merge"))
            s3.put_object(Bucket=bucket, Key="open/b2", Body=b"")
        if len(told) == 3:
            s3.delete_object(Bucket=bucket, Key="open/b1")

    use(monkeypatch, Glue(runs))
    let_finish(target, tell)

    assert told == [
        "waiting for 1 open batches and 1 job runs",
        "waiting for 1 open batches and 1 job runs",
        "waiting for 1 open batches and 0 job runs",
    ]


def test_a_batch_that_nobody_works_on_gets_a_run(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    target.client("s3").put_object(Bucket=target.output("LakeBucket"), Key="open/b1", Body=b"")
    glue = Glue([])
    use(monkeypatch, glue)

    def tell(_: str) -> None:
        target.client("s3").delete_object(Bucket=target.output("LakeBucket"), Key="open/b1")

    let_finish(target, tell)

    assert [run["JobName"] for run in glue.runs] == ["check"]


def test_what_never_ends_is_not_awaited_for_ever(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Glue([run_of("merge")]))
    monkeypatch.setattr(job_runs, "patience_seconds", lambda _: -1)

    with pytest.raises(NotThroughInTime, match="0 open batches and 1 job runs"):
        let_finish(target, silent)


def test_a_job_that_is_tried_again_is_awaited_to_the_end_of_that(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[dict[str, Any]] = []
    again = run_of("erase") | {"Id": "jr_1_attempt_1", "Attempt": 1}
    states = iter(["RUNNING", "FAILED", "SUCCEEDED"])

    def look() -> None:
        state = next(states)
        runs[-1]["JobRunState"] = state
        if state == "FAILED":
            runs.append(again)

    use(monkeypatch, Glue(runs, look))

    assert run_job(target, "erase", {}) == "jr_1"
    assert [run["JobRunState"] for run in runs] == ["FAILED", "SUCCEEDED"]


def test_a_job_that_fails_says_why(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[dict[str, Any]] = []
    use(monkeypatch, Glue(runs, lambda: runs[0].update(JobRunState="FAILED", ErrorMessage="no room")))

    with pytest.raises(JobFailed, match=r"no room.*jr_1"):
        run_job(target, "erase", {})


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
