"""`glueline run`: sends real events through every stage, then checks that nothing was lost or changed."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from workflows.demo import baskets
from workflows.demo.accounting import account_for_drops, account_for_messages, key_of, uris_of
from workflows.demo.partner_files import partner_files
from workflows.operations.sending import send
from workflows.progress.waiting import wait

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflows.demo.accounting import Outcome
    from workflows.demo.partner_files import PartnerFile
    from workflows.progress.waiting import Pending
    from workflows.stack.target import Target


def run(
    target: Target,
    lines: int,
    report: Callable[[Pending], None],
    begin: Callable[[str, int | None], None] = lambda step, left: None,
    await_spark: Callable[[], None] = lambda: None,
) -> list[Outcome]:
    """Send messages and files, wait until they are merged, account for all of them.

    `lines` counts basket lines. `begin` is called with each step, and with the number of messages that are
    still to be sent; `report` with what is waited for. `await_spark` is called when everything is sent.
    """
    started = datetime.now(UTC)
    begin("reading the baskets", None)
    sent = baskets.messages(lines)
    files = partner_files(f"run-{started:%Y%m%dT%H%M%S}")
    counted = Counter[str]()

    def count(more: int) -> None:
        counted.update(sent=more)
        begin("sending messages and files", len(sent) - counted["sent"])

    count(0)
    put_files(target, files)
    message_ids = send(target, [message.body for message in sent], count)
    begin("waiting for Spark", None)
    await_spark()
    wait(target, uris_of(target, files), report)
    begin("comparing the tables with the model", None)
    return [
        account_for_messages(target, sent, message_ids, started),
        *(account_for_drops(target, files, dataset, started) for dataset in ("products", "households")),
    ]


def put_files(target: Target, files: list[PartnerFile]) -> None:
    """Put the partner's files where partners put them."""
    s3, bucket = target.client("s3"), target.output("RawBucket")
    for file in files:
        s3.put_object(Bucket=bucket, Key=key_of(file), Body=file.content)
