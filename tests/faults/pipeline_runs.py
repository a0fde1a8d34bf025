"""Runs of the pipeline on the same input, with or without a fault, from landed objects to certificates."""

import gzip
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

import boto3
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends
from pyspark.sql import SparkSession

from jobs.lake.names import QUALITY_RESULTS, QUARANTINE
from tests.builders import product, transaction
from tests.crashing import recorded_steps
from tests.faults.pipeline import PipelineFixture, State
from tests.jobs.builders import record

JOBS = ("check", "merge", "maintain", "reconcile", "certify")
WRITERS = ("check", "merge")  # a run of these alone is short

type RunJob = Callable[[PipelineFixture, str], None]


class PipelineRun(NamedTuple):
    """The names of the steps of each job, and the state at the end."""

    steps: dict[str, list[str]]
    state: State


@cache
def undisturbed(spark: SparkSession, jobs: Sequence[str] = JOBS) -> PipelineRun:
    """A run of these jobs without a fault, which all others are compared with; once in a process."""
    pipeline, steps = PipelineFixture(spark), {}

    def run(pipeline: PipelineFixture, job: str) -> None:
        with recorded_steps(job) as steps[job]:
            pipeline.run(job)

    run_pipeline(pipeline, run, jobs)
    return PipelineRun(steps, pipeline.state())


def run_pipeline(
    pipeline: PipelineFixture, run_job: RunJob = PipelineFixture.run, jobs: Sequence[str] = JOBS
) -> None:
    """Land the input, and run every job once. The input is made old before `maintain`."""
    land_input(pipeline)
    for job in jobs:
        if job == "maintain":
            make_old(pipeline)
        run_job(pipeline, job)


def land_input(pipeline: PipelineFixture) -> None:
    """At each door something good and something bad; several versions of the same rows."""
    good = [product(product_id=number) for number in range(1, 9)]
    pipeline.land("drops/products/good.csv", csv(*good, product(product_id=9, brand="Unknown")))
    pipeline.land("drops/products/cut.csv.gz", gzip.compress(csv(*good) * 9)[:-9])
    inserted = [line("INSERT", number, 10 + number) for number in range(1, 6)]
    bad = line("INSERT", 6, 16, week=77)
    changed = [line("MODIFY", 1, 21), line("REMOVE", 2, 22)]
    pipeline.land("stream/transactions/2026/11/24/12/a.jsonl.gz", stream(*inserted, bad, *changed))
    pipeline.land("drops/unknown/a.csv", b"a\n")
    for one in (*inserted[2:], changed[0], line("INSERT", 7, 30)):  # 7 never appeared in the stream
        item = one["dynamodb"]["NewImage"]
        boto3.client("dynamodb").put_item(TableName=f"{pipeline.name}-transactions", Item=item)


def make_old(pipeline: PipelineFixture) -> None:
    """As if all objects had landed long ago, old rows were kept, and a table had many small files."""
    for bucket in ("raw", "lake"):
        backend = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
        for key in backend.buckets[f"{pipeline.name}-{bucket}"].keys.values():
            key.last_modified -= timedelta(days=40)
    _append(pipeline, QUARANTINE, quarantined_at=datetime.now(UTC) - timedelta(days=100))
    for _ in range(5):
        _append(pipeline, QUALITY_RESULTS, ran_at=datetime.now(UTC))


def _append(pipeline: PipelineFixture, name: str, **columns: Any) -> None:
    table = pipeline.lake.ops(name)
    schema = pipeline.spark.table(table).schema
    row = dict.fromkeys(schema.names) | columns
    pipeline.spark.createDataFrame([row], schema).writeTo(table).append()


def line(name: str, product_id: int, number: int, **changed: Any) -> dict[str, Any]:
    """A stream record about a basket line, with its number as its version."""
    row = transaction(product_id=product_id, quantity=number, **changed)
    key = f"{row['basket_id']},{product_id}"
    image = {name: {"S": one} if isinstance(one, str) else {"N": str(one)} for name, one in row.items()}
    marks = {"_key": {"S": key}, "_version": {"N": str(number)}}
    deleted = {"_deleted": {"BOOL": True}} if name == "REMOVE" else {}
    return record("MODIFY", key, new={**image, **marks, **deleted}, number=number)


def stream(*records: dict[str, Any]) -> bytes:
    """An object of the forwarder."""
    return gzip.compress("\n".join(map(json.dumps, records)).encode(), mtime=0)


def csv(*rows: dict[str, Any]) -> bytes:
    """A drop of products."""
    names = list(product())
    lines = [",".join("" if row[name] is None else str(row[name]) for name in names) for row in rows]
    return "\n".join([",".join(names), *lines]).encode()
