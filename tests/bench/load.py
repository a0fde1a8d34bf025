"""Load bench: real messages at a steady pace, more than the pipeline takes, from the queue to the table.

A stack of its own takes them, and is ended afterwards. Times are read where anybody can read them: of records
in the RAW bucket, of the batches' own objects in the lake bucket, of job runs from the Glue API.
"""

import gzip
import json
from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any, Final

from tests.bench.report import Report, Row, expect
from tests.bench.session import FOLDER
from tests.load import Sent, account, load, refused, send_at_once, send_steadily
from tests.process_use import ProcessUse, memory_limits, watched
from workflows.demo.accounting import Outcome
from workflows.local.base.home import Home
from workflows.local.lifecycle.stack import down, up
from workflows.progress.waiting import wait
from workflows.query.sql import query, rows
from workflows.stack.target import Target, local

MESSAGES: Final = 60_000
PER_SECOND: Final = 2_500
WARM_UP: Final = 1_000
DATASET: Final = "transactions"
TAKE, FORWARD, CHECK, MERGE, JOBS = (
    "queue -> DynamoDB",
    "DynamoDB -> RAW",
    "RAW -> checked",
    "checked -> merged",
    "RAW -> merged",
)
# A stage is never faster than the one before it, so of equally slow stages the first is the bottleneck.
_ABOUT: Final = 1.1


def run() -> Report:
    """Start a stack, put it under load, and stop it."""
    home = Home(FOLDER / "load")
    up(print, home)
    try:
        return measure(home, local(home.stack_file))
    finally:
        down(home)


def measure(home: Home, target: Target) -> Report:
    """Send, await the merge, and account for all; WrongResult if a message or a row is not the model's."""
    report = Report(
        "load",
        [
            f"{MESSAGES} messages, {PER_SECOND} a second: new, changed, doubled, overtaken, refused, deletes",
            "stages before RAW: changes by the seconds from the first that came to the last that went; jobs: "
            "by the seconds of their runs, which are one after the other",
            "memory: the most that one process of the kind held, resident",
        ],
    )
    made, warm_up = load(MESSAGES), load(WARM_UP)
    send_at_once(target, warm_up.messages, Sent())
    wait(target, [], lambda stage: None)
    sent = Sent()
    with watched(home) as watch:
        send_steadily(target, made.messages, sent, PER_SECOND)
        wait(target, [], lambda stage: None)
    outcome = account(target, sent)
    report.add("messages", [fates(outcome, sent)])
    found = list(passages(target, sent))
    report.add("journey", [journey(found, sent)])
    stages = stages_of(found, seconds_of_jobs(target, {passage.batch_id for passage in found}))
    report.add("stages", stages)
    report.add("processes", processes(watch.uses(), memory_limits(target)))
    report.add("bottleneck", [bottleneck(stages)])
    return report


def fates(outcome: Outcome, sent: Sent) -> Row:
    """The outcome of the messages; WrongResult if it differs from the model."""
    expect("messages lost", [], outcome.lost)
    expect("rows that are not the model's", [], outcome.differing)
    expect("messages refused", refused(sent.messages), outcome.rejected)
    rejected = sum(outcome.rejected.values())
    expect("messages found again", len(sent.messages), outcome.accepted + outcome.superseded + rejected)
    return {
        "sent": len(sent.messages),
        "accepted": outcome.accepted,
        "superseded": outcome.superseded,
        "rejected": rejected,
        "lost": len(outcome.lost),
        "rows": outcome.in_table,
    }


@dataclass(frozen=True, slots=True)
class Passage:
    """When one change reached each stage, in seconds since the epoch."""

    source_file: str
    batch_id: str
    sent: float
    written: float
    landed: float
    checked: float
    merged: float


def passages(target: Target, sent: Sent) -> Iterator[Passage]:
    """The times of every accepted change, of its first record."""
    left = {message.event_id: at for message, at in zip(sent.messages, sent.times, strict=True)}
    sql = f"select source_file, batch_id from lake_ops.batches where dataset = '{DATASET}'"
    batches = {row["source_file"]: row["batch_id"] for row in rows(query(target, sql))}
    ended = dict(listed(target, target.output("LakeBucket"), "batches/"))
    bucket = target.output("RawBucket")
    for key, landed in listed(target, bucket, f"stream/{DATASET}/"):
        source_file = f"s3://{bucket}/{key}"
        batch_id = batches[source_file]
        checked, merged = (ended[f"batches/{batch_id}/{name}.json"] for name in ("checked", "merged"))
        for event_id, written in records(target, bucket, key):
            if event_id in left:
                yield Passage(source_file, batch_id, left.pop(event_id), written, landed, checked, merged)


def listed(target: Target, bucket: str, prefix: str) -> Iterator[tuple[str, float]]:
    """Objects and their times of writing."""
    pages = target.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    for page in pages:
        for item in page.get("Contents", ()):
            yield item["Key"], item["LastModified"].timestamp()


def records(target: Target, bucket: str, key: str) -> Iterator[tuple[str, float]]:
    """The events of an object's records, and the middle of the second in which they were written."""
    body = target.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    for line in gzip.decompress(body).splitlines():
        change = json.loads(line)["dynamodb"]
        yield change["NewImage"]["_event_id"]["S"], change["ApproximateCreationDateTime"] + 0.5


def journey(found: Sequence[Passage], sent: Sent) -> Row:
    """How long the load lasted, and how long changes took."""
    seconds, last = sent.times[-1] - sent.began.timestamp(), sent.times[-1]
    ways = [passage.merged - passage.sent for passage in found]
    return {
        "sent_per_second": round(len(sent.times) / seconds),
        "sent_within_s": round(seconds, 1),
        "drained_after_s": round(max(passage.merged for passage in found) - last, 1),
        "sent_to_merged_median_s": round(median(ways), 1),
        "sent_to_merged_p99_s": round(quantiles(ways, n=100)[98], 1),
        "raw_objects": len({passage.source_file for passage in found}),
        "batches": len({passage.batch_id for passage in found}),
    }


def seconds_of_jobs(target: Target, batch_ids: Collection[str]) -> dict[str, float]:
    """The seconds of each job in the workflow runs of these batches."""
    pages = target.client("glue").get_paginator("get_workflow_runs")
    seconds: dict[str, float] = {}
    for page in pages.paginate(Name=target.output("IngestWorkflow"), IncludeGraph=True):
        for run in (run for run in page["Runs"] if run["WorkflowRunId"] in batch_ids):
            for name, spent in _job_runs(run):
                job = name.removeprefix(target.output("JobPrefix"))
                seconds[job] = seconds.get(job, 0.0) + spent
    return seconds


def stages_of(found: Sequence[Passage], jobs: Mapping[str, float]) -> list[Row]:
    """The throughput of each stage per second, and the longest backlog before it."""
    sent, written, landed, checked, merged = (
        sorted(getattr(passage, place) for passage in found)
        for place in ("sent", "written", "landed", "checked", "merged")
    )
    return [
        _stage(TAKE, sent, written, written[-1] - sent[0]),
        _stage(FORWARD, written, landed, landed[-1] - written[0]),
        _stage(CHECK, landed, checked, jobs["check"]),
        _stage(MERGE, checked, merged, jobs["merge"]),
        _stage(JOBS, landed, merged, jobs["check"] + jobs["merge"]),
    ]


def processes(uses: Mapping[str, ProcessUse], may: Mapping[str, int]) -> list[Row]:
    """Memory and processor time by kind of process; WrongResult if one exceeds its memory limit."""
    over = {kind: use.mib for kind, use in uses.items() if use.mib > may[kind]}
    expect("MiB of processes that need more than they may", {}, over)
    return [
        {
            "process": kind,
            "processes": use.processes,
            "most_mib": use.mib,
            "may_mib": may[kind],
            "processor_s": round(use.seconds, 1),
            "processor_ms_a_message": round(1000 * use.seconds / MESSAGES, 2),
        }
        for kind, use in sorted(uses.items(), key=lambda found: -found[1].seconds)
    ]


def bottleneck(stages: Sequence[Row]) -> Row:
    """The slowest stage. The two jobs count as one, because they run one after the other."""
    rates = {str(stage["stage"]): float(str(stage["per_second"])) for stage in stages}
    slowest = min(rates[name] for name in (TAKE, FORWARD, JOBS))
    name = next(name for name in (TAKE, FORWARD, JOBS) if rates[name] <= slowest * _ABOUT)
    return {"bottleneck": name, "per_second": rates[name]}


def greatest_backlog(came: Sequence[float], went: Sequence[float]) -> int:
    """The largest number that had arrived and not left; both are sorted."""
    return max(number - bisect_right(went, at) for number, at in enumerate(came, 1))


def _stage(name: str, came: Sequence[float], went: Sequence[float], busy: float) -> Row:
    return {
        "stage": name,
        "changes": len(came),
        "busy_s": round(busy, 1),
        "per_second": round(len(came) / busy),
        "greatest_backlog": greatest_backlog(came, went),
    }


def _job_runs(run: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for node in (node for node in run["Graph"]["Nodes"] if node["Type"] == "JOB"):
        for job_run in node["JobDetails"]["JobRuns"]:
            yield node["Name"], (job_run["CompletedOn"] - job_run["StartedOn"]).total_seconds()
