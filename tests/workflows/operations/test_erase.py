"""`glueline erase` between the phases of its job: what it waits for, what it removes, how it continues."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jobs.erasure.notes import Phase, Proof, UnblockNote
from tests.jobs.builders import ENTITIES
from tests.workflows.empty_stack import empty_stack
from workflows.operations import erase
from workflows.operations.erase import (
    STEPS,
    EraseError,
    Erasure,
    Progress,
    plan,
)
from workflows.progress.job_runs import JobFailed
from workflows.stack.target import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


PHASES = [Phase.BLOCK, Phase.REMOVE_FROM_RAW, Phase.REMOVE_FROM_TABLES, Phase.PROVE]
PROOF = Proof("e", "entities", ("hash of 7",), "2026-11-24T12:00:00+00:00", "2026-11-24T13:00:00+00:00", ())


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


# --- the request --------------------------------------------------------------------------------------------


def test_the_same_keys_in_any_order_are_the_same_erasure(target: Target) -> None:
    first, again = plan(target, ENTITIES, ["7", "12"]), plan(target, ENTITIES, ["12", "7", "7"])

    assert (first.id, first.hashes) == (again.id, again.hashes)
    assert first.id != plan(target, ENTITIES, ["7"]).id


def test_the_hash_of_a_key_depends_on_the_dataset_and_the_key_in_kms(aws: str, target: Target) -> None:
    key = target.client("kms").create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
    other = Target(target.region, target.outputs | {"ErasureKeyId": key["KeyMetadata"]["KeyId"]}, aws)

    assert erase.key_hash(target, "entities", "7") == erase.key_hash(target, "entities", "7")
    assert erase.key_hash(target, "entities", "7") != erase.key_hash(target, "events", "7")
    assert erase.key_hash(target, "entities", "7") != erase.key_hash(other, "entities", "7")


def test_a_text_that_is_no_key_of_the_dataset_is_named(target: Target) -> None:
    with pytest.raises(EraseError, match=r"entities.*seven"):
        plan(target, ENTITIES, ["7", "seven"])


# --- the phases ---------------------------------------------------------------------------------------------


class Job:
    """The job `erase`: it records its phases, and fails or is interrupted at one of them."""

    def __init__(
        self, erasure: Erasure, fails_at: str | None = None, interrupted_at: str | None = None
    ) -> None:
        self.erasure, self.fails_at, self.interrupted_at = erasure, fails_at, interrupted_at
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
        if phase == self.fails_at:
            raise JobFailed(phase)
        if phase == Phase.PROVE:
            self.erasure.erasures.write(self.erasure.id, PROOF)
        if phase == Phase.UNBLOCK:
            self.erasure.erasures.write(self.erasure.id, UnblockNote(1))
        return "run"


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the command waits for, in order, without waiting."""
    waited: list[str] = []
    monkeypatch.setattr(erase, "let_finish", lambda *_: waited.append("others"))
    monkeypatch.setattr(erase, "await_marks", lambda *_: waited.append("marks"))
    return waited


def test_the_phases_run_in_order_and_other_jobs_finish_between_them(
    target: Target, erasure: Erasure, waits: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = Job(erasure)
    monkeypatch.setattr(erase, "run_job", job)

    proof = erase.erase(target, erasure, Progress(silent))

    assert proof == PROOF
    assert job.phases == PHASES
    assert waits == ["marks", "others", "others", "others"]


@pytest.mark.parametrize("phase", PHASES, ids=[phase.name for phase in PHASES])
def test_an_erasure_that_stopped_continues_with_its_own_request(
    target: Target, erasure: Erasure, waits: list[str], monkeypatch: pytest.MonkeyPatch, phase: str
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(erase, "run_job", Job(erasure, fails_at=phase))
        with pytest.raises(JobFailed, match=phase):
            erase.erase(target, erasure, Progress(silent))
    asked = erasure.erasures.request(erasure.id)
    monkeypatch.setattr(erase, "run_job", Job(erasure))

    assert erase.erase(target, plan(target, ENTITIES, ["7"]), Progress(silent)) == PROOF
    assert erasure.erasures.request(erasure.id) == asked


@pytest.mark.parametrize(
    ("phase", "done"), list(zip(PHASES, (0, 2, 3, 5), strict=True)), ids=[phase.name for phase in PHASES]
)
def test_an_interrupted_erasure_says_which_steps_are_done_and_which_run_goes_on(
    monkeypatch: pytest.MonkeyPatch, erasure: Erasure, target: Target, phase: str, done: int
) -> None:
    monkeypatch.setattr(erase, "run_job", Job(erasure, interrupted_at=phase))
    for wait_for in ("let_finish", "await_marks"):
        monkeypatch.setattr(erase, wait_for, lambda *_: None)
    reported: list[str] = []
    progress = Progress(reported.append)

    with pytest.raises(KeyboardInterrupt):
        erase.erase(target, erasure, progress)

    assert str(progress) == (
        f"Done: {', '.join(STEPS[:done]) or 'nothing'}. Not done: {', '.join(STEPS[done:])}. "
        f"The job run jr_{phase} goes on by itself."
    )
    assert reported[-1] == f"{done + 1} of {len(STEPS)}, {STEPS[done]}: job run jr_{phase} is RUNNING"


def test_an_interruption_between_two_jobs_says_that_no_run_is_active(
    target: Target, erasure: Erasure, waits: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(erase, "run_job", Job(erasure))
    monkeypatch.setattr(erase, "await_marks", interrupt)
    progress = Progress(silent)

    with pytest.raises(KeyboardInterrupt):
        erase.erase(target, erasure, progress)

    assert str(progress).startswith(f"Done: {STEPS[0]}. Not done: {STEPS[1]}, ")
    assert str(progress).endswith("No job run of it is active.")


def test_unblocking_is_a_phase_of_its_own(
    target: Target, erasure: Erasure, waits: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = Job(erasure)
    monkeypatch.setattr(erase, "run_job", job)

    assert erase.unblock(target, erasure, Progress(silent)) == 1
    assert (job.phases, waits) == ([Phase.UNBLOCK], ["others"])
