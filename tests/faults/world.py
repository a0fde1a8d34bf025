"""A small lake with all that the jobs work on, in databases, buckets and a queue of its own."""

import gzip
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends
from pyspark.sql import SparkSession

from jobs.intake.batches import Batches
from jobs.lake.creation import create_ops_tables
from jobs.lake.iceberg import table_names
from jobs.lake.names import BATCHES, QUALITY_RESULTS, QUARANTINE, TOMBSTONES, Lake
from jobs.parity.tables import PARITY_RESULTS
from tests.builders import product, transaction
from tests.jobs.builders import backlog_rule, object_created, record
from tests.sessions import CATALOG

JOBS = ("check", "merge", "maintain", "reconcile", "certify")
WRITERS = ("check", "merge")  # a life of these alone is short
ITSELF = Path(__file__).parents[2]
KILL_SECONDS = 240  # of a job on a busy machine
_numbers = count(1)
# What says when, or in which batch: it may differ, and nothing else.
_WHEN = {
    "_batch_id",
    "_ingested_at",
    "batch_id",
    "checked_at",
    "deleted_at",
    "issued_at",
    "quarantined_at",
    "ran_at",
    "result",
    "run_id",
    "snapshot_id",
    "verified_through",
}

type State = dict[str, Any]


@dataclass(slots=True)
class World:
    """Where all is. `state` is what has to be the same whatever happened on the way."""

    spark: SparkSession
    catalog: str = "glue_catalog"
    name: str = field(default_factory=lambda: f"world{next(_numbers):04}")
    queue_url: str = ""

    def __post_init__(self) -> None:
        for bucket in ("raw", "lake"):
            boto3.client("s3").create_bucket(Bucket=f"{self.name}-{bucket}")
        self.queue_url = boto3.client("sqs").create_queue(QueueName=self.name)["QueueUrl"]
        for database in (self.lake.database, self.lake.ops_database):
            self.spark.sql(f"CREATE NAMESPACE {self.lake.catalog}.{database}")
        create_ops_tables(self.spark, self.lake)
        boto3.client("dynamodb").create_table(
            TableName=f"{self.name}-transactions",
            KeySchema=[{"AttributeName": "_key", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "_key", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )

    @property
    def lake(self) -> Lake:
        return Lake(self.name, f"{self.name}_ops", self.catalog)

    @property
    def batches(self) -> Batches:
        return Batches(boto3.client("s3"), f"{self.name}-lake")

    def land(self, key: str, body: bytes) -> None:
        """Put an object into the RAW bucket, and announce it."""
        bucket = f"{self.name}-raw"
        etag = boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=body)["ETag"]
        message = object_created(key, etag=etag, size=len(body), bucket=bucket)
        boto3.client("sqs").send_message(QueueUrl=self.queue_url, MessageBody=message)

    def arguments(self, run_id: str) -> list[str]:
        """What Glue would give a job."""
        given = {
            "LAKE_BUCKET": f"{self.name}-lake",
            "RAW_BUCKET": f"{self.name}-raw",
            "INTAKE_QUEUE_URL": self.queue_url,
            "BACKLOG_RULE": backlog_rule(),
            "DATABASE": self.lake.database,
            "OPS_DATABASE": self.lake.ops_database,
            "TABLE_PREFIX": f"{self.name}-",
            "DATASET": "transactions",
            "SETTLE_SECONDS": "0",
            "RAW_DAYS": "30",
            "TOMBSTONE_DAYS": "30",
            "RECORD_DAYS": "90",
            "SNAPSHOT_DAYS": "5",
            "JOB_NAME": "job",
            "JOB_RUN_ID": "jr",
            "WORKFLOW_RUN_ID": run_id,
        }
        return [part for name, value in given.items() for part in (f"--{name}", value)]

    def run(self, job: str, run_id: str = "wr") -> None:
        """Run the job to its end, in the shared session."""
        import_module(f"jobs.{job}").main([f"{job}.py", *self.arguments(run_id)])

    def kill(self, job: str, number: int, moment: str, run_id: str = "wr") -> None:
        """Run the job in a process of its own, which has to die at that step."""
        folder = str(Path(self.spark.conf.get(f"{CATALOG}.warehouse") or "").parent)
        command = [sys.executable, "-m", "tests.faults.dying", folder, job, str(number), moment]
        killed = subprocess.run(
            [*command, *self.arguments(run_id)],
            cwd=ITSELF,
            start_new_session=True,
            capture_output=True,
            text=True,
            timeout=KILL_SECONDS,
            check=False,
        )
        assert killed.returncode == -9, killed.stdout + killed.stderr
        for table in table_names(self.spark, self.lake):  # another process has written to them
            self.spark.sql(f"REFRESH TABLE {table}")

    def state(self) -> State:
        """Tables, changes, tombstones, quarantine, counts, certificates, batches, and what waits."""
        names = (
            *(self.lake.table(dataset) for dataset in ("products", "transactions")),
            *(self.lake.changes(dataset) for dataset in ("products", "transactions")),
            *map(self.lake.ops, (QUARANTINE, BATCHES, QUALITY_RESULTS, TOMBSTONES)),
        )
        there = [name for name in names if self.spark.catalog.tableExists(name)]
        held: State = {self._called(name): [] for name in names}  # a table that was never made has no rows
        held |= {self._called(name): self._rows(name) for name in there}
        files = {self._called(name): self.spark.table(f"{name}.files").count() for name in there}
        # Of a comparison that died there may be a second certificate, which says the same. Suspects that it
        # left are no one's.
        results = self.lake.ops(PARITY_RESULTS)
        if self.spark.catalog.tableExists(results):
            held[self._called(results)] = sorted(set(self._rows(results)))
        return {
            **held,
            "files": files,
            "open": self.batches.begun() + self._keys("lake", "parity/transactions/open/"),
            "waiting": self.waiting(),
            "raw": self._keys("raw", ""),
        }

    def _called(self, table: str) -> str:
        """The table's name without the world's."""
        return table.removeprefix(f"{self.catalog}.").replace(self.name, "world")

    def _rows(self, table: str) -> list[str]:
        rows = self.spark.table(table)
        kept = rows.select([name for name in rows.columns if name not in _WHEN])
        return sorted(str(row).replace(self.name, "world") for row in kept.collect())

    def waiting(self) -> int:
        """How many messages the intake queue has, hidden ones among them."""
        names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = boto3.client("sqs").get_queue_attributes(QueueUrl=self.queue_url, AttributeNames=names)
        return sum(map(int, found["Attributes"].values()))

    def _keys(self, bucket: str, prefix: str) -> list[str]:
        listed = boto3.client("s3").list_objects_v2(Bucket=f"{self.name}-{bucket}", Prefix=prefix)
        return [one["Key"] for one in listed.get("Contents", ())]


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


def land_all(world: World) -> None:
    """At each door something good and something bad; two batches' worth of versions of the same rows."""
    good = [product(product_id=number) for number in range(1, 9)]
    world.land("drops/products/good.csv", csv(*good, product(product_id=9, brand="Unknown")))
    world.land("drops/products/cut.csv.gz", gzip.compress(csv(*good) * 9)[:-9])
    made = [line("INSERT", number, 10 + number) for number in range(1, 6)]
    bad = line("INSERT", 6, 16, week=77)
    changed = [line("MODIFY", 1, 21), line("REMOVE", 2, 22)]
    world.land("stream/transactions/2026/11/24/12/a.jsonl.gz", stream(*made, bad, *changed))
    world.land("drops/unknown/a.csv", b"a\n")
    for one in (*made[2:], changed[0], line("INSERT", 7, 30)):  # 7 is what the stream never told
        item = one["dynamodb"]["NewImage"]
        boto3.client("dynamodb").put_item(TableName=f"{world.name}-transactions", Item=item)


type Run = Callable[[World, str], None]


def live(world: World, run: Run = World.run, jobs: Sequence[str] = JOBS) -> None:
    """From landed objects to certificates: every job once, on input that has grown old before `maintain`."""
    land_all(world)
    for job in jobs:
        if job == "maintain":
            age(world)
        run(world, job)


def age(world: World) -> None:
    """As if all objects had landed long ago, old rows were kept, and a table had many small files."""
    for bucket in ("raw", "lake"):
        backend = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
        for key in backend.buckets[f"{world.name}-{bucket}"].keys.values():
            key.last_modified -= timedelta(days=40)
    quarantine = world.spark.table(world.lake.ops(QUARANTINE)).schema
    old = dict.fromkeys(quarantine.names) | {"quarantined_at": datetime.now(UTC) - timedelta(days=100)}
    world.spark.createDataFrame([old], quarantine).writeTo(world.lake.ops(QUARANTINE)).append()
    results = world.spark.table(world.lake.ops(QUALITY_RESULTS)).schema
    one = dict.fromkeys(results.names) | {"ran_at": datetime.now(UTC)}
    for _ in range(5):
        world.spark.createDataFrame([one], results).writeTo(world.lake.ops(QUALITY_RESULTS)).append()


class Life(NamedTuple):
    """The names of the steps that each job took, and what all ended in."""

    steps: dict[str, list[str]]
    state: State


@cache
def undisturbed(spark: SparkSession, jobs: Sequence[str] = JOBS) -> Life:
    """A life of those jobs to which nothing happens, as which all others have to end; once in a process."""
    world = World(spark)
    with pytest.MonkeyPatch.context() as patch:
        steps = {job: recorded(patch, job) for job in jobs}
        live(world, jobs=jobs)
    return Life(steps, world.state())


def recorded(patch: pytest.MonkeyPatch, job: str) -> list[str]:
    """The names of the job's steps, as they begin from now on."""
    names: list[str] = []
    module = import_module(f"jobs.{job}")
    step: Callable[..., Any] = module.step

    @contextmanager
    def recording(name: str, **fields: object) -> Iterator[None]:
        names.append(name)
        with step(name, **fields):
            yield

    patch.setattr(module, "step", recording)
    return names
