"""Freshness bench: how long after it was sent a change is queryable, at steady rates, in both ingest modes.

A stack of its own takes real messages for a minute at each rate, first with the workflow and then, with the
same data, with the streaming job. It has the times of a local stack: both modes begin the next batch two
seconds after the last, and nothing waits for a job to start. `costs` adds what AWS adds.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from statistics import median, quantiles
from typing import Final

from tests.bench.load import DATASET, Passage, passages
from tests.bench.report import Report, Row, expect
from tests.bench.session import FOLDER
from tests.load import Sent, account, load, refused, send_steadily
from workflows.demo.baskets import Message
from workflows.local.base.home import Home
from workflows.local.lifecycle.ours import UpOptions
from workflows.local.lifecycle.stack import down, up
from workflows.progress.waiting import wait
from workflows.stack.target import Target, local

MODES: Final = ("workflow", "continuous")
RATES: Final = (1, 10, 100, 500)  # changes a second
SECONDS: Final = 60  # at each rate
WARM_UP: Final = 200  # messages


def run(rates: Sequence[int] = RATES, seconds: int = SECONDS) -> Report:
    """Start a stack, measure it in each mode, and stop it."""
    report = Report(
        "freshness",
        [
            f"real messages of the dataset {DATASET}, {seconds} s at each rate; accepted ones are measured",
            "from the answer of the queue to the end of the merge, after which a query shows the change",
            "a local stack without AWS's windows, with Spark warm; load: of the machine, over a minute",
        ],
    )
    home = Home(FOLDER / "freshness")
    try:
        for mode in MODES:
            up(print, home, options=UpOptions(mode=mode))
            target = local(home.stack_file)
            passed(target, load(WARM_UP).in_time, WARM_UP)
            report.add(mode, [measured(target, rate, seconds) for rate in rates])
    finally:
        down(home)
    return report


def measured(target: Target, rate: int, seconds: int) -> Row:
    """Seconds from sending to queryable, of the changes of one rate."""
    messages = load(2 * rate * seconds).in_time[: rate * seconds]
    found, sent = passed(target, messages, rate)
    took = [passage.merged - passage.sent for passage in found]
    ended = max(passage.merged for passage in found)
    return {
        "changes_per_second": rate,
        "sent": len(sent.messages),
        "accepted": len(found),
        "queryable_p50_s": round(median(took), 1),
        "queryable_p95_s": round(quantiles(took, n=20, method="inclusive")[18], 1),
        "queryable_worst_s": round(max(took), 1),
        "drained_after_s": round(ended - sent.times[-1], 1),
        "batches": len({passage.batch_id for passage in found}),
        "load": round(os.getloadavg()[0], 1),
    }


def passed(target: Target, messages: Sequence[Message], rate: int) -> tuple[list[Passage], Sent]:
    """The passages of messages that are sent at this rate; WrongResult if one is lost or a row is wrong."""
    sent = Sent()
    send_steadily(target, messages, sent, rate)
    wait(target, [], lambda pending: None)
    outcome = account(target, sent)
    expect("messages lost", [], outcome.lost)
    expect("rows that are not the model's", [], outcome.differing)
    expect("messages refused", refused(sent.messages), outcome.rejected)
    return exact(target, list(passages(target, sent))), sent


def exact(target: Target, found: Sequence[Passage]) -> list[Passage]:
    """The passages with the time that each batch names as its end, which is finer than that of its object."""
    s3, bucket = target.client("s3"), target.output("LakeBucket")
    ended: dict[str, float] = {}
    for batch_id in {passage.batch_id for passage in found}:
        body = s3.get_object(Bucket=bucket, Key=f"batches/{batch_id}/merged.json")["Body"].read()
        ended[batch_id] = datetime.fromisoformat(json.loads(body)["merged_at"]).timestamp()
    return [replace(passage, merged=ended[passage.batch_id]) for passage in found]
