"""`glueline erase`: has the job `erase` remove some keys from everywhere, and waits between its phases.

What a phase needs to be over, the job can't wait for (`jobs.erase` says why it has to be): here that is
awaited. Each step can be done again, so a command that was stopped anywhere goes on when it is given again.
"""

from __future__ import annotations

import gzip
import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from expectations.keys import InvalidKey
from expectations.problems import GluelineError
from jobs.erased_keys import ErasedKeys
from jobs.erasures import LIFTED, PROOF, Erasures, Request
from workflows import dead_letters
from workflows.job_runs import let_finish, run_job
from workflows.waiting import NotThroughInTime, patience_seconds, poll_seconds, wait

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from expectations.contract import Contract
    from workflows.dead_letters import Letter
    from workflows.target import Target
    from workflows.waiting import Stage

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


def erase(target: Target, erasure: Erasure, tell: Tell, *, remove_unreadable: bool = False) -> dict[str, Any]:
    """Erase the keys, or go on with it; the proof. Raises JobFailed, NotThroughInTime."""
    _ask(erasure, remove_unreadable=remove_unreadable)
    _phase(target, erasure, "seal", tell)
    await_removals(target, erasure, tell)
    let_finish(target, tell)
    _phase(target, erasure, "scrub", tell)
    let_finish(target, tell)
    _phase(target, erasure, "purge", tell)
    let_finish(target, tell)
    remove_letters(target, erasure)
    _phase(target, erasure, "prove", tell)
    return erasure.erasures.note(erasure.id, PROOF)


def lift(target: Target, erasure: Erasure, tell: Tell) -> int:
    """Let rows of the keys come again; how many of them had been erased."""
    _ask(erasure, remove_unreadable=False)
    _phase(target, erasure, "lift", tell)
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


def _phase(target: Target, erasure: Erasure, phase: str, tell: Tell) -> None:
    tell(_PHASES[phase])
    run_job(target, "erase", {"--PHASE": phase, "--ERASURE": erasure.id})


_PHASES: Final = {
    "seal": "tombstones, then the items in DynamoDB",
    "scrub": "every version of every object in the RAW bucket",
    "purge": "tables and quarantine",
    "prove": "old snapshots; then everything is searched once more",
    "lift": "tombstones",
}


# --- what the stream tells of the removed items -------------------------------------------------------------


def await_removals(target: Target, erasure: Erasure, tell: Tell) -> None:
    """Return when the stream's records of the removed items have landed and are merged.

    They hold the items as they were: what lands later would not be searched. Raises NotThroughInTime.
    """
    sealed = erasure.erasures.note(erasure.id, "seal")
    deleted_at: str | None = sealed.get("deleted_at")
    if deleted_at is None or erasure.erasures.note(erasure.id, "landed").get("through") == deleted_at:
        return
    waiting, files, looked = set(sealed["deleted"]), set[str](), set[str]()
    since = datetime.fromisoformat(deleted_at) - _CLOCKS_DIFFER
    deadline = time.monotonic() + patience_seconds(target)
    while waiting:
        tell(f"waiting for the stream to tell of {len(waiting)} removed items")
        for key in landed_since(target, erasure.contract.dataset, since):
            if key not in looked:
                looked.add(key)
                told = removals(target, key, since) & waiting
                waiting -= told
                files |= {f"s3://{target.output('RawBucket')}/{key}"} if told else set()
        if waiting and time.monotonic() > deadline:
            raise NotThroughInTime(
                f"After {patience_seconds(target)} s the stream has not told of {len(waiting)} removals. "
                "See the forwarder's log, then run this again: it goes on where it stopped."
            )
        if waiting:
            time.sleep(poll_seconds(target) / 2)

    def progress(stage: Stage) -> None:
        tell(f"waiting until that is merged: {stage.files} files")

    wait(target, files, progress, until_quiet=False)
    erasure.erasures.write(erasure.id, "landed", {"through": deleted_at})


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


def removals(target: Target, key: str, since: datetime) -> set[str]:
    """The keys of the items whose removal since then the object tells of."""
    body = target.client("s3").get_object(Bucket=target.output("RawBucket"), Key=key)["Body"].read()
    found = set[str]()
    for line in gzip.decompress(body).splitlines():
        record = json.loads(line)
        inside = record["dynamodb"]
        at = float(inside.get("ApproximateCreationDateTime") or since.timestamp())
        if record["eventName"] == "REMOVE" and at >= int(since.timestamp()):
            found.add(inside["Keys"]["_key"]["S"])
    return found


# --- dead letters -------------------------------------------------------------------------------------------


def letters_of(target: Target, keys: ErasedKeys) -> list[Letter]:
    """The dead letters of the keys, left where they are."""
    return [letter for letter in dead_letters.read(target) if keys.own_message(letter.body)]


def remove_letters(target: Target, erasure: Erasure) -> None:
    """Delete the dead letters of the keys, and write down how many there were and are."""
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
    note = {"searched": searched, "removed": before + removed, "found": left}
    erasure.erasures.write(erasure.id, "letters", note)


def _delete(sqs: Any, queue: str, letters: Collection[Letter]) -> None:
    entries = [{"Id": str(place), "ReceiptHandle": letter.receipt} for place, letter in enumerate(letters)]
    if entries:  # ten at most, as they were received
        sqs.delete_message_batch(QueueUrl=queue, Entries=entries)
