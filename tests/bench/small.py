"""Small bench: what a batch of few rows costs, counted beside the seconds, cold and warm.

Counts tell causes apart on a busy machine: calls of the JVM, queries, Spark jobs, classes that Spark
compiles, requests to S3, and processor time. Batches of one dataset and of several, by the real jobs.
"""

import logging
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

import boto3
import psutil
from py4j.java_gateway import GatewayClient  # type: ignore[import-untyped]

from expectations.contract import Contract
from expectations.odcs import load_contracts
from jobs.ingest.check_batch import check_batch
from jobs.ingest.merge_batches import merge_batches
from jobs.intake.batches import Batches
from jobs.intake.doors import JSON_LINES_GZ, STREAM
from jobs.intake.manifest import Manifest, ManifestFile
from jobs.lake.creation import create_ops_tables
from jobs.lake.names import Lake
from lambdas.forwarder.objects import raw_objects
from tests.bench import datasets
from tests.bench.report import Report, Row, expect
from tests.bench.session import spark
from tests.builders import transaction
from tests.moto_server import aws_in_this_process

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ROWS: Final = 50
ROUNDS: Final = 4
DATASETS: Final = 6  # of a batch of several datasets, which are the same contract by other names
ROWS_OF_EACH: Final = 3
_STREAM: Final = "arn:aws:dynamodb:us-east-1:123456789012:table/glueline-{}/stream/2026-11-24"
_numbers = count(10**20 + 1)


def run() -> Report:
    """One batch in a cold JVM, then some in a warm one; the same for several datasets."""
    report = Report(
        "small",
        [
            f"batches of {ROWS} rows of one dataset, of one day; and of {DATASETS} datasets with"
            f" {ROWS_OF_EACH} rows each",
            f"warm: the median of {ROUNDS} rounds; cold: the first batch of a JVM",
        ],
    )
    transactions = load_contracts()["transactions"]
    several = [replace(transactions, dataset=f"lines_{number}") for number in range(DATASETS)]
    with aws_in_this_process(), counted() as counts:
        bench = Bench(boto3.client("s3"), counts)
        cold = [bench.batch([transactions], ROWS)]
        warm = [bench.batch([transactions], ROWS) for _ in range(ROUNDS)]
        report.add("one_dataset", [*_rows("cold", cold), *_rows("warm", warm)])
        first = [bench.batch(several, ROWS_OF_EACH)]
        later = [bench.batch(several, ROWS_OF_EACH) for _ in range(ROUNDS)]
        report.add("several_datasets", [*_rows("first", first), *_rows("warm", later)])
        report.add("many_datasets", datasets.many(bench.batch))
        report.add("idle_datasets", datasets.idle(bench.batch))
        report.add("idle_contracts", datasets.reading_contracts())
    return report


@dataclass(slots=True)
class Counts:
    """What was counted so far."""

    jvm_calls: int = 0
    s3_requests: int = 0


@dataclass(slots=True)
class Bench:
    """The buckets and the lake."""

    s3: "S3Client"
    counts: Counts
    lake: Lake = field(default_factory=lambda: Lake(f"small_{os.getpid()}", f"small_{os.getpid()}_ops"))

    def __post_init__(self) -> None:
        for bucket in ("raw", "lake"):
            self.s3.create_bucket(Bucket=bucket)
        for database in (self.lake.database, self.lake.ops_database):
            spark().sql(f"CREATE NAMESPACE {self.lake.catalog}.{database}")
        create_ops_tables(spark(), self.lake)

    def batch(
        self, contracts: Sequence[Contract], rows: int, *, idle: Sequence[Contract] = ()
    ) -> dict[str, Row]:
        """What each step costs: check and merge of a batch with so many new rows of each contract.

        Nothing lands of the idle contracts.
        """
        by_name = {contract.dataset: contract for contract in contracts}
        known = by_name | {contract.dataset: contract for contract in idle}
        manifest = self.land(list(by_name), rows)
        batches = Batches(self.s3, "lake")
        batches.open(manifest)
        check = self.measured(lambda: check_batch(spark(), self.lake, batches, manifest, known))
        before = [spark().table(self.lake.table(name)).count() for name in by_name] if rows else []
        merge = self.measured(lambda: merge_batches(spark(), self.lake, batches, known))
        after = [spark().table(self.lake.table(name)).count() for name in by_name]
        expect("rows merged", [number + rows for number in before], after)
        return {"check": check, "merge": merge}

    def land(self, datasets: Sequence[str], rows: int) -> Manifest:
        """An object of new rows for each dataset, as the forwarder writes it."""
        now = datetime.now(UTC).isoformat()
        files = []
        for dataset in datasets:
            [raw] = raw_objects([_record(dataset) for _ in range(rows)], "glueline-")
            etag = self.s3.put_object(Bucket="raw", Key=raw.key, Body=raw.body)["ETag"].strip('"')
            files.append(
                ManifestFile(
                    "raw", raw.key, etag, None, len(raw.body), now, dataset, STREAM.name, JSON_LINES_GZ
                )
            )
        return Manifest(f"small-{next(_numbers)}", now, tuple(files))

    def measured(self, work: Callable[[], object]) -> Row:
        """The counts and seconds of the work."""
        before, started = self._counted(), perf_counter()
        work()
        seconds = perf_counter() - started
        after = self._counted()
        return {"seconds": seconds, **{name: after[name] - before[name] for name in after}}

    def _counted(self) -> dict[str, float]:
        jvm: Any = spark()._jvm
        session: Any = spark()._jsparkSession
        jobs = session.sparkContext().statusStore()
        compiled = jvm.org.apache.spark.metrics.source.CodegenMetrics.METRIC_COMPILATION_TIME().getCount()
        calls = self.counts.jvm_calls
        return {
            "cpu_seconds": _processor_seconds(),
            "jvm_calls": calls,
            "queries": session.sharedState().statusStore().executionsCount(),
            "jobs": jobs.jobsList(None).size(),
            "classes_compiled": compiled,
            "s3_requests": self.counts.s3_requests,
        }


@contextmanager
def counted() -> Iterator[Counts]:
    """Counts the calls of the JVM by this process, and requests to the server in its log."""
    counts, lock = Counts(), threading.Lock()
    send = GatewayClient.send_command

    def counting(self: Any, *arguments: Any, **named: Any) -> Any:
        with lock:
            counts.jvm_calls += 1
        return send(self, *arguments, **named)

    class Counter(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            counts.s3_requests += 1

    logger, handler = logging.getLogger("werkzeug"), Counter()
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    GatewayClient.send_command = counting
    try:
        yield counts
    finally:
        GatewayClient.send_command = send
        logger.removeHandler(handler)


def _processor_seconds() -> float:
    """Of this process, its JVM and the Python workers."""
    found = 0.0
    here = psutil.Process()
    for process in (here, *here.children(recursive=True)):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        found += times.user + times.system
    return found


def _rows(name: str, rounds: Sequence[dict[str, Row]]) -> Iterator[Row]:
    for step in rounds[0]:
        cells = {cell: [float(one[step][cell] or 0) for one in rounds] for cell in rounds[0][step]}
        yield {"round": name, "step": step} | {cell: round(median(found), 1) for cell, found in cells.items()}


def _record(dataset: str) -> dict[str, Any]:
    number = next(_numbers)
    row = transaction(basket_id=number - 10**20)
    texts = {name: {"S": value} for name, value in row.items() if isinstance(value, str)}
    numbers = {name: {"N": str(value)} for name, value in row.items() if not isinstance(value, str)}
    key = f"{row['basket_id']},{row['product_id']}"
    return {
        "eventID": f"event-{number}",
        "eventName": "INSERT",
        "eventSource": "aws:dynamodb",
        "eventSourceARN": _STREAM.format(dataset),
        "dynamodb": {
            "ApproximateCreationDateTime": 1_795_515_330,
            "Keys": {"_key": {"S": key}},
            "NewImage": {**texts, **numbers, "_key": {"S": key}, "_version": {"N": str(number)[-15:]}},
            "SequenceNumber": str(number),
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
    }
