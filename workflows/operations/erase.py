"""`glueline erase`: runs the phases of the job `erase`, and waits between them for what they require.

`jobs.erase` says what has to be over before each phase, and why the job does not wait for it. Each step can
be repeated, so a command that was stopped at any point goes on when it is given again.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from expectations.keys import InvalidKey
from expectations.problems import GluelineError
from jobs.erasure.keys import ErasedKeys
from jobs.erasure.notes import Phase, Proof, Request, UnblockNote
from jobs.erasure.requests import Erasures
from workflows.operations.erase_messages import search_messages
from workflows.operations.erase_stream import await_marks
from workflows.progress.job_runs import JobFailed, let_finish, run_job

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from expectations.contract import Contract
    from workflows.stack.target import Target

type Report = Callable[[str], None]


class EraseError(GluelineError):
    """Raised when a text is no key of the dataset."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """The keys to erase, and where their request and notes are."""

    contract: Contract
    keys: ErasedKeys
    erasures: Erasures
    id: str
    hashes: dict[str, str]


def plan(target: Target, contract: Contract, texts: Sequence[str]) -> Erasure:
    """The erasure of these key texts. Raises EraseError if one is no key of the dataset."""
    try:
        keys = ErasedKeys.of(contract, texts)
    except InvalidKey as error:
        raise EraseError(f"{error}. Keys are as in the paths of the Data API and in _key.") from error
    hashes = {text: key_hash(target, contract.dataset, text) for text in sorted(keys.texts)}
    together = sha256("\n".join(hashes.values()).encode()).hexdigest()
    erasure_id = key_hash(target, contract.dataset, together)[:32]
    erasures = Erasures(target.client("s3"), target.output("LakeBucket"))
    return Erasure(contract, keys, erasures, erasure_id, hashes)


def key_hash(target: Target, dataset: str, text: str) -> str:
    """The keyed hash of a key text: HMAC-SHA256, with a key that never leaves KMS."""
    mac: bytes = target.client("kms").generate_mac(
        KeyId=target.output("ErasureKeyId"),
        MacAlgorithm="HMAC_SHA_256",
        Message=f"{dataset}\n{text}".encode(),
    )["Mac"]
    return mac.hex()


@dataclass(slots=True)
class Progress:
    """The steps of a command and how many are done, for the message of an interruption."""

    report: Report
    steps: Sequence[str] = ()
    done: int = 0  # of the steps
    run: str | None = None  # the job run that works on the step

    @contextmanager
    def step(self, name: str) -> Iterator[Report]:
        """One of the steps. What it reports is reported with its number and name."""
        number = self.steps.index(name) + 1
        yield lambda message: self.report(f"{number} of {len(self.steps)}, {name}: {message}")
        self.done, self.run = number, None

    def __str__(self) -> str:
        done, left = ", ".join(self.steps[: self.done]), ", ".join(self.steps[self.done :])
        run = f"The job run {self.run} goes on by itself." if self.run else "No job run of it is active."
        return f"Done: {done or 'nothing'}. Not done: {left or 'nothing'}. {run}"


BLOCK, LAND, RAW, TABLES, DEAD_LETTERS, PROVE = STEPS = (
    "block the keys",
    "wait for their last stream records",
    "rewrite the RAW bucket",
    "rewrite tables and quarantine",
    "search the queues",
    "expire old snapshots and prove",
)
UNBLOCK = "unblock the keys"


def erase(target: Target, erasure: Erasure, progress: Progress, *, remove_unreadable: bool = False) -> Proof:
    """Erase the keys, or continue to. Raises JobFailed, NotThroughInTime."""
    progress.steps = STEPS
    _request(erasure, remove_unreadable=remove_unreadable)
    with progress.step(BLOCK) as report:
        _run_phase(target, erasure, Phase.BLOCK, progress, report)
    with progress.step(LAND) as report:
        await_marks(target, erasure.erasures, erasure.id, erasure.contract.dataset, report)
        let_finish(target, report)
    with progress.step(RAW) as report:
        _run_phase(target, erasure, Phase.REMOVE_FROM_RAW, progress, report)
        let_finish(target, report)
    with progress.step(TABLES) as report:
        _run_phase(target, erasure, Phase.REMOVE_FROM_TABLES, progress, report)
        let_finish(target, report)
    with progress.step(DEAD_LETTERS) as report:
        report("dead letters")
        search_messages(target, erasure.erasures, erasure.id, erasure.keys)
    with progress.step(PROVE) as report:
        _run_phase(target, erasure, Phase.PROVE, progress, report)
    proof = erasure.erasures.proof(erasure.id)
    if proof is None:
        raise JobFailed("The job erase ended without a proof. Run this again: it goes on where it stopped.")
    return proof


def unblock(target: Target, erasure: Erasure, progress: Progress) -> int:
    """Let rows of the keys be accepted again. Returns how many keys were blocked. Raises JobFailed."""
    progress.steps = (UNBLOCK,)
    _request(erasure, remove_unreadable=False)
    with progress.step(UNBLOCK) as report:
        let_finish(target, report)  # a batch that was checked in part adds up by the tombstones of that time
        _run_phase(target, erasure, Phase.UNBLOCK, progress, report)
    return erasure.erasures.note(erasure.id, UnblockNote).lifted


def _request(erasure: Erasure, *, remove_unreadable: bool) -> None:
    """Write the request. If there is one, it is continued, and only the option can change."""
    earlier = erasure.erasures.request(erasure.id)
    if earlier is None:
        now = datetime.now(UTC).isoformat()
        request = Request(erasure.id, erasure.contract.dataset, erasure.hashes, now, remove_unreadable)
    else:
        request = replace(earlier, remove_unreadable=remove_unreadable)
    if request != earlier:
        erasure.erasures.write(erasure.id, request)


def _run_phase(target: Target, erasure: Erasure, phase: Phase, progress: Progress, report: Report) -> None:
    def follow(run: str, state: str) -> None:
        progress.run = run
        report(f"job run {run} is {state}")

    report("starting the job")
    run_job(target, "erase", {"--PHASE": phase.value, "--ERASURE": erasure.id}, follow)
