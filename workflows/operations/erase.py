"""`glueline erase`: has the job `erase` remove some keys from everywhere, and waits between its phases.

What a phase needs to be over, the job can't wait for (`jobs.erase` says why it has to be): here that is
awaited. Each step can be done again, so a command that was stopped anywhere goes on when it is given again.
"""

from __future__ import annotations

import gzip
import json
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from expectations.keys import InvalidKey
from expectations.problems import GluelineError
from jobs.erasure.keys import ErasedKeys
from jobs.erasure.requests import LIFTED, PROOF, Erasures, Request
from workflows.operations import dead_letters
from workflows.progress.job_runs import await_open_work, run_job
from workflows.progress.waiting import WaitTimeout, patience_seconds, poll_seconds, wait

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from expectations.contract import Contract
    from workflows.operations.dead_letters import DeadLetter
    from workflows.progress.waiting import Pending
    from workflows.stack.target import Target

type Tell = Callable[[str], None]

_CLOCKS_DIFFER: Final = timedelta(minutes=1)
_STREAM_KEEPS: Final = timedelta(hours=24)


class EraseError(GluelineError):
    """Raised when keys can't be erased; the message says what was expected and what to do."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """The keys that are to be erased, and where that is written down."""

    contract: Contract
    keys: ErasedKeys
    erasures: Erasures
    id: str
    hashes: dict[str, str]


def plan(target: Target, contract: Contract, texts: Sequence[str]) -> Erasure:
    """What is to be erased. Raises EraseError if a text is no key of the dataset."""
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
    """The keyed hash of a key: HMAC-SHA256 under a key that never leaves KMS."""
    mac: bytes = target.client("kms").generate_mac(
        KeyId=target.output("ErasureKeyId"),
        MacAlgorithm="HMAC_SHA_256",
        Message=f"{dataset}\n{text}".encode(),
    )["Mac"]
    return mac.hex()


@dataclass(slots=True)
class Course:
    """How far a command has come, for whoever has to be told when it is interrupted."""

    tell: Tell
    steps: Sequence[str] = ()
    done: int = 0  # of the steps
    run: str | None = None  # the job run that works on the step

    @contextmanager
    def step(self, name: str) -> Iterator[Tell]:
        """One of the steps; what it tells is told with its name."""
        number = self.steps.index(name) + 1
        yield lambda what: self.tell(f"{number} of {len(self.steps)}, {name}: {what}")
        self.done, self.run = number, None

    def __str__(self) -> str:
        done, left = ", ".join(self.steps[: self.done]), ", ".join(self.steps[self.done :])
        run = f"The job run {self.run} goes on by itself." if self.run else "No job run of it is under way."
        return f"Done: {done or 'nothing'}. Not done: {left or 'nothing'}. {run}"


BLOCK, LAND, RAW, TABLES, LETTERS, PROVE = STEPS = (
    "block the keys",
    "let land what was under way",
    "rewrite the RAW bucket",
    "rewrite tables and quarantine",
    "search the queues",
    "forget the past and prove it",
)
LIFT = "lift the tombstones and the marks"


def erase(
    target: Target, erasure: Erasure, course: Course, *, remove_unreadable: bool = False
) -> dict[str, Any]:
    """Erase the keys, or go on with it; the proof. Raises JobFailed, WaitTimeout."""
    course.steps = STEPS
    _ask(erasure, remove_unreadable=remove_unreadable)
    with course.step(BLOCK) as tell:
        _phase(target, erasure, "seal", course, tell)
    with course.step(LAND) as tell:
        await_marks(target, erasure, tell)
        await_open_work(target, tell)
    with course.step(RAW) as tell:
        _phase(target, erasure, "scrub", course, tell)
        await_open_work(target, tell)
    with course.step(TABLES) as tell:
        _phase(target, erasure, "purge", course, tell)
        await_open_work(target, tell)
    with course.step(LETTERS) as tell:
        tell("dead letters")
        search_messages(target, erasure)
    with course.step(PROVE) as tell:
        _phase(target, erasure, "prove", course, tell)
    return erasure.erasures.note(erasure.id, PROOF)


def lift(target: Target, erasure: Erasure, course: Course) -> int:
    """Let rows of the keys come again; how many of them had been erased."""
    course.steps = (LIFT,)
    _ask(erasure, remove_unreadable=False)
    with course.step(LIFT) as tell:
        await_open_work(target, tell)  # a batch that was checked in part adds up by the tombstones of then
        _phase(target, erasure, "lift", course, tell)
    lifted: int = erasure.erasures.note(erasure.id, LIFTED)["lifted"]
    return lifted


def _ask(erasure: Erasure, *, remove_unreadable: bool) -> None:
    """Write the request, unless it is there: then that is what is gone on with."""
    asked = erasure.erasures.request(erasure.id)
    if asked is None or asked.remove_unreadable != remove_unreadable:
        at = datetime.now(UTC).isoformat() if asked is None else asked.asked_at
        erasure.erasures.ask(
            Request(erasure.id, erasure.contract.dataset, erasure.hashes, at, remove_unreadable)
        )


def _phase(target: Target, erasure: Erasure, phase: str, course: Course, tell: Tell) -> None:
    def follow(run: str, state: str) -> None:
        course.run = run
        tell(f"job run {run} is {state}")

    tell("starting the job")
    run_job(target, "erase", {"--PHASE": phase, "--ERASURE": erasure.id}, follow)


# --- what the stream tells of the marks ---------------------------------------------------------------------


def await_marks(target: Target, erasure: Erasure, tell: Tell) -> None:
    """Return when the stream's records of the keys' marks have landed and are merged.

    They hold the items as they were, and come behind all other records of the keys: what lands later would
    not be searched. Raises WaitTimeout.
    """
    sealed = erasure.erasures.note(erasure.id, "seal")
    marked_at: str | None = sealed.get("marked_at")
    if marked_at is None or erasure.erasures.note(erasure.id, "landed").get("through") == marked_at:
        return
    waiting, files, looked = set(sealed["marked"]), set[str](), set[str]()
    since = datetime.fromisoformat(sealed["since"]) - _CLOCKS_DIFFER
    deadline = time.monotonic() + patience_seconds(target)
    while waiting:
        tell(f"waiting for the stream's records of {len(waiting)} keys")
        for key in landed_since(target, erasure.contract.dataset, since):
            if key not in looked:
                looked.add(key)
                found = marked_in(target, key, since) & waiting
                waiting -= found
                files |= {f"s3://{target.output('RawBucket')}/{key}"} if found else set()
        if waiting and time.monotonic() > deadline:
            raise WaitTimeout(
                f"After {patience_seconds(target)} s the stream's records of {len(waiting)} blocked keys "
                "have not landed. See the forwarder's log, then run this again: it goes on where it stopped."
            )
        if waiting:
            time.sleep(poll_seconds(target) / 2)

    def progress(stage: Pending) -> None:
        tell(f"waiting until {stage.files} files of the stream are merged")

    wait(target, files, progress, until_quiet=False)
    erasure.erasures.write(erasure.id, "landed", {"through": marked_at})


def landed_since(target: Target, dataset: str, since: datetime) -> Iterator[str]:
    """The stream's objects of the dataset that were written since then, whenever their records were made."""
    pages = target.client("s3").get_paginator("list_objects_v2")
    first = f"stream/{dataset}/{since - _STREAM_KEEPS:%Y/%m/%d/%H}"
    for page in pages.paginate(
        Bucket=target.output("RawBucket"), Prefix=f"stream/{dataset}/", StartAfter=first
    ):
        for found in page.get("Contents", ()):
            if found["LastModified"] >= since:
                yield found["Key"]


def marked_in(target: Target, key: str, since: datetime) -> set[str]:
    """The keys that the object has a record of, since then, which put the mark of an erased key there."""
    body = target.client("s3").get_object(Bucket=target.output("RawBucket"), Key=key)["Body"].read()
    found = set[str]()
    for line in gzip.decompress(body).splitlines():
        inside = json.loads(line)["dynamodb"]
        at = float(inside.get("ApproximateCreationDateTime") or since.timestamp())
        if "_erased" in inside.get("NewImage", ()) and at >= int(since.timestamp()):
            found.add(inside["Keys"]["_key"]["S"])
    return found


# --- queues -------------------------------------------------------------------------------------------------


def letters_of(target: Target, keys: ErasedKeys) -> list[DeadLetter]:
    """The dead letters of the keys, left where they are."""
    return [letter for letter in dead_letters.read(target) if keys.own_message(letter.body)]


def search_messages(target: Target, erasure: Erasure) -> None:
    """Delete the dead letters of the keys; write down how many there were and are.

    The inbound queue can't be searched: to look at a message is to take it from the source. What is in it is
    counted; the Data API refuses messages of the keys when they come.
    """
    before = erasure.erasures.note(erasure.id, "letters").get("removed", 0)
    sqs, queue = target.client("sqs"), target.output("DeadLetterQueueUrl")
    kept: dict[str, None] = {}  # receipts
    searched = removed = 0
    try:
        for letters in dead_letters.receive(sqs, queue, datetime.now(UTC)):
            kept |= dict.fromkeys(letter.receipt for letter in letters)
            owned = [letter for letter in letters if erasure.keys.own_message(letter.body)]
            searched, removed = searched + len(letters), removed + len(owned)
            _delete(sqs, queue, owned)
            for letter in owned:
                del kept[letter.receipt]
    finally:
        dead_letters.put_back(sqs, queue, kept)
    left = len(letters_of(target, erasure.keys)) if removed else 0
    note = {"searched": searched, "removed": before + removed, "found": left} | _inbound(target)
    erasure.erasures.write(erasure.id, "letters", note)


def _inbound(target: Target) -> dict[str, Any]:
    """How many messages are in the inbound queue, and when the last of them will be gone."""
    counts = [f"ApproximateNumberOfMessages{state}" for state in ("", "NotVisible", "Delayed")]
    asked = [*counts, "MessageRetentionPeriod"]
    url = target.output("InboundQueueUrl")
    said = target.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=asked)["Attributes"]
    gone_by = datetime.now(UTC) + timedelta(seconds=int(said["MessageRetentionPeriod"]))
    return {"inbound": sum(int(said.get(name, 0)) for name in counts), "gone_by": gone_by.isoformat()}


def _delete(sqs: Any, queue: str, letters: Collection[DeadLetter]) -> None:
    entries = [{"Id": str(place), "ReceiptHandle": letter.receipt} for place, letter in enumerate(letters)]
    if entries:  # ten at most, as they were received
        sqs.delete_message_batch(QueueUrl=queue, Entries=entries)
