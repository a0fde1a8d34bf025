"""Actions: each does what a command does, and answers with a sentence. The guard has admitted them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from expectations.problems import GluelineError
from workflows.console.answering import Console, Page
from workflows.operations import batches, dead_letters, parity, replay
from workflows.operations.parity import ParityProgress
from workflows.query.history import contract_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

PARITY: Final = "parity"


class NotConfirmed(GluelineError):
    """Raised when an action on a stack on AWS was not confirmed by the stack's name."""


def replay_quarantine(console: Console, request: Request) -> Page:
    """Read the files of quarantined rows again (`glueline replay --quarantine`)."""
    form = confirmed(console, request)
    target = console.readings.target
    chosen = replay.Selection(form.get("dataset") or None, form.get("reason") or None)
    return _replayed(console, replay.of_quarantine(target, chosen, console.readings.contracts()))


def replay_batch(console: Console, request: Request) -> Page:
    """Read all files of a batch again (`glueline replay BATCH`)."""
    form = confirmed(console, request)
    found = replay.of_batch(console.readings.target, form.get("batch", ""), console.readings.contracts())
    return _replayed(console, found)


def redrive(console: Console, request: Request) -> Page:
    """Send dead letters on their way again (`glueline redrive`)."""
    form = confirmed(console, request)
    done = dead_letters.redrive(console.readings.target, form.get("reason") or None)
    sent = sum(done.moved.values())
    words = f"{_many(sent, 'message')} sent back to the inbound queue, {done.stay:,} stay."
    if done.too_large:
        words = f"{words} {done.not_sent}"
    if done.unsent:
        words = f"{words} The queue refused {done.unsent:,}, which stay too."
    if done.too_large or done.unsent:
        return _answer(console, words, "warn")
    return _answer(console, f"{words} What is rejected again returns with its reasons within a minute.")


def retry_batch(console: Console, request: Request) -> Page:
    """Try a failed batch again (`glueline batches retry`)."""
    form = confirmed(console, request)
    taken_up = batches.retry(console.readings.target, form.get("batch", ""))
    return _answer(console, f"The next run of ingest tries it again, as batch {taken_up}.")


def set_batch_aside(console: Console, request: Request) -> Page:
    """Set an open batch aside (`glueline batches aside`)."""
    form = confirmed(console, request)
    if not form.get("reason", "").strip():
        raise NotConfirmed(
            "Expected a reason, which is recorded with the files in quarantine. Nothing was changed."
        )
    batches.set_aside(console.readings.target, form.get("batch", ""), form["reason"])
    return _answer(console, "The next run of ingest sets it aside, and continues without it.")


def prove_parity(console: Console, request: Request) -> Page:
    """Compare a dataset with DynamoDB, with `repair` put the true items back (`glueline parity`)."""
    form = confirmed(console, request)
    target, dataset = console.readings.target, form.get("dataset", "")
    contract_of(target, dataset)
    is_repair = form.get("repair") == "yes"

    def work(report: Callable[[str], None]) -> bool:
        [found] = parity.parity(target, [dataset], ParityProgress(report), repair=is_repair)
        console.readings.forget()
        state = "no key differs" if found.certificate.ok else f"{found.certificate.keys.drift:,} keys differ"
        report(
            f"{dataset}: {state}, verified through {found.certificate.verified_through:%Y-%m-%d %H:%M:%S} UTC"
        )
        return found.certificate.ok

    console.jobs.start(PARITY, work)
    return Page("parity_progress.html", {"job": console.jobs.get(PARITY)})


def confirmed(console: Console, request: Request) -> dict[str, str]:
    """The fields of an action's form. Raises NotConfirmed if it has to name the stack and does not."""
    form: dict[str, str] = request.state.form
    target = console.readings.target
    if target.is_on_aws and form.get("stack", "").strip() != target.stack:
        raise NotConfirmed(f"Expected the stack's name, {target.stack}. Nothing was changed.")
    return form


def _replayed(console: Console, found: replay.Replay) -> Page:
    replay.read_again(console.readings.target, found)
    if found.rows == 0:
        return _answer(console, "No row in quarantine is selected. Nothing was announced.", "warn")
    words = f"{_many(len(found.files), 'file')} announced again. The next run of ingest reads them."
    if found.lost:
        words += f" {len(found.lost):,} could not be: {found.lost[0].source_file}: {found.lost[0].why}."
    return _answer(console, words, "warn" if found.lost else "good")


def _answer(console: Console, words: str, tone: str = "good") -> Page:
    console.readings.forget()
    return Page("answer.html", {"words": words, "tone": tone})


def _many(number: int, name: str) -> str:
    return f"{number:,} {name} was" if number == 1 else f"{number:,} {name}s were"
