"""`glueline erase`: runs the phases of the job `erase`, and waits between them for what they require.

`jobs.erase` says what has to be over before each phase, and why the job does not wait for it. Each step can
be repeated, so a command that was stopped at any point goes on when it is given again.
"""

from __future__ import annotations

import gzip
import json
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from expectations.keys import InvalidKey
from expectations.problems import GluelineError
from jobs.erasure.failed_batches import STREAM_RETENTION
from jobs.erasure.keys import ErasedKeys
from jobs.erasure.notes import BlockNote, DeadLettersNote, Phase, Proof, Request, StreamNote, UnblockNote
from jobs.erasure.requests import Erasures
from workflows.operations import dead_letters
from workflows.progress.job_runs import JobFailed, let_finish, run_job
from workflows.progress.waiting import NotThroughInTime, patience_seconds, poll_seconds, wait

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from expectations.contract import Contract
    from workflows.operations.dead_letters import Letter
    from workflows.stack.target import Target

type Report = Callable[[str], None]

_CLOCK_SKEW: Final = timedelta(minutes=1)


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
        await_marks(target, erasure, report)
        let_finish(target, report)
    with progress.step(RAW) as report:
        _run_phase(target, erasure, Phase.REMOVE_FROM_RAW, progress, report)
        let_finish(target, report)
    with progress.step(TABLES) as report:
        _run_phase(target, erasure, Phase.REMOVE_FROM_TABLES, progress, report)
        let_finish(target, report)
    with progress.step(DEAD_LETTERS) as report:
        report("dead letters")
        search_messages(target, erasure)
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


# --- the stream's records of marks --------------------------------------------------------------------------


def await_marks(target: Target, erasure: Erasure, report: Report) -> None:
    """Return when the stream's records of the keys' marks have landed and are merged.

    They contain the items as they were, and follow all other records of the keys: what landed later would not
    be searched. Raises NotThroughInTime.
    """
    block = erasure.erasures.note(erasure.id, BlockNote)
    landed = erasure.erasures.note(erasure.id, StreamNote)
    if block.since is None or landed.through == block.marked_at:
        return
    since = datetime.fromisoformat(block.since) - _CLOCK_SKEW
    files = _await_landing(target, erasure.contract.dataset, set(block.marked), since, report)
    wait(
        target,
        files,
        lambda stage: report(f"waiting until {stage.files} files of the stream are merged"),
        until_quiet=False,
    )
    erasure.erasures.write(erasure.id, StreamNote(block.marked_at))


def _await_landing(
    target: Target, dataset: str, waiting: set[str], since: datetime, report: Report
) -> set[str]:
    """The files with the records of the keys' marks, as soon as all of them have landed."""
    files, searched = set[str](), set[str]()
    patience = patience_seconds(target)
    deadline = time.monotonic() + patience
    while waiting:
        report(f"waiting for the stream's records of {len(waiting)} keys")
        for key in landed_since(target, dataset, since):
            if key not in searched:
                searched.add(key)
                found = marked_in(target, key, since) & waiting
                waiting -= found
                files |= {f"s3://{target.output('RawBucket')}/{key}"} if found else set()
        if waiting and time.monotonic() > deadline:
            raise NotThroughInTime(
                f"After {patience} s the stream's records of {len(waiting)} blocked keys have not landed. "
                "See the forwarder's log, then run this again: it goes on where it stopped."
            )
        if waiting:
            time.sleep(poll_seconds(target) / 2)
    return files


def landed_since(target: Target, dataset: str, since: datetime) -> Iterator[str]:
    """The keys of the dataset's stream objects that were written since then, however old their records."""
    pages = target.client("s3").get_paginator("list_objects_v2")
    first = f"stream/{dataset}/{since - STREAM_RETENTION:%Y/%m/%d/%H}"
    for page in pages.paginate(
        Bucket=target.output("RawBucket"), Prefix=f"stream/{dataset}/", StartAfter=first
    ):
        for found in page.get("Contents", ()):
            if found["LastModified"] >= since:
                yield found["Key"]


def marked_in(target: Target, key: str, since: datetime) -> set[str]:
    """The keys for which the object has a record, made since then, that wrote the mark of an erased key."""
    body = target.client("s3").get_object(Bucket=target.output("RawBucket"), Key=key)["Body"].read()
    found = set[str]()
    for line in gzip.decompress(body).splitlines():
        record = json.loads(line)["dynamodb"]
        at = float(record.get("ApproximateCreationDateTime") or since.timestamp())
        if "_erased" in record.get("NewImage", ()) and at >= int(since.timestamp()):
            found.add(record["Keys"]["_key"]["S"])
    return found


# --- queues -------------------------------------------------------------------------------------------------


def dead_letters_of(target: Target, keys: ErasedKeys) -> list[Letter]:
    """The dead letters of the keys, which stay in the queue."""
    return [letter for letter in dead_letters.read(target) if keys.own_message(letter.body)]


def search_messages(target: Target, erasure: Erasure) -> None:
    """Delete the dead letters of the keys; note how many there were and are.

    The inbound queue cannot be searched: to read a message is to take it from the source. Its messages are
    counted; the Data API refuses those of the keys when they come.
    """
    earlier = erasure.erasures.note(erasure.id, DeadLettersNote).removed
    sqs, queue = target.client("sqs"), target.output("DeadLetterQueueUrl")
    kept: dict[str, None] = {}  # receipts
    searched = removed = 0
    try:
        for received in dead_letters.receive(sqs, queue, datetime.now(UTC)):
            kept |= dict.fromkeys(letter.receipt for letter in received)
            owned = [letter for letter in received if erasure.keys.own_message(letter.body)]
            searched, removed = searched + len(received), removed + len(owned)
            _delete(sqs, queue, owned)
            for letter in owned:
                del kept[letter.receipt]
    finally:
        dead_letters.put_back(sqs, queue, kept)
    left = len(dead_letters_of(target, erasure.keys)) if removed else 0
    note = DeadLettersNote(searched, earlier + removed, left, *_inbound(target))
    erasure.erasures.write(erasure.id, note)


def _inbound(target: Target) -> tuple[int, str]:
    """How many messages are in the inbound queue, and when the last of them will have left it (ISO 8601)."""
    counts = [f"ApproximateNumberOfMessages{state}" for state in ("", "NotVisible", "Delayed")]
    url, names = target.output("InboundQueueUrl"), [*counts, "MessageRetentionPeriod"]
    found = target.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    gone_by = datetime.now(UTC) + timedelta(seconds=int(found["MessageRetentionPeriod"]))
    return sum(int(found.get(name, 0)) for name in counts), gone_by.isoformat()


def _delete(sqs: Any, queue: str, letters: Collection[Letter]) -> None:
    entries = [{"Id": str(place), "ReceiptHandle": letter.receipt} for place, letter in enumerate(letters)]
    if entries:  # ten at most, as they were received
        sqs.delete_message_batch(QueueUrl=queue, Entries=entries)
