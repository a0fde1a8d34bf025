"""A small lake with everything that the jobs read and write, in databases, buckets and a queue of its own."""

import json
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.sqs.models import sqs_backends
from pyspark.sql import SparkSession

from jobs.ingest.continuous import Run
from jobs.intake.batches import Batches
from jobs.lake.creation import create_ops_tables
from jobs.lake.iceberg import table_names
from jobs.lake.names import BATCHES, QUALITY_RESULTS, QUARANTINE, TOMBSTONES, Lake
from jobs.parity.tables import PARITY_RESULTS
from tests.crashing import Kill, kill_at_step
from tests.jobs.builders import object_created
from tests.jobs.job_runs import job_arguments, run_job
from tests.moto_server import REGION
from tests.sessions import CATALOG

STREAMING = "follow"  # the job that does what check and merge do
DATASETS = ("products", "transactions")
_numbers = count(1)
# Columns that name a time or a batch: they may differ between two runs, and no others.
_OF_THE_RUN = {
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
class PipelineFixture:
    """The lake and its surroundings. `state` has to be the same whatever happened on the way."""

    spark: SparkSession
    catalog: str = "glue_catalog"
    name: str = field(default_factory=lambda: f"pipeline{next(_numbers):04}")
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

    def run(self, job: str) -> None:
        """Run the job to its end, in the shared session. `follow` has one when no work is left."""

        def is_over(run: Run) -> bool:
            return not (self.messages() or self.batches.begun())

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Run, "is_over", is_over)
            run_job(job, self._arguments(job))

    def kill(self, job: str, kill: Kill) -> None:
        """Run the job in a process of its own, and kill it at a step."""
        folder = Path(self.spark.conf.get(f"{CATALOG}.warehouse") or "").parent
        kill_at_step(folder, job, self._arguments(job), kill)
        for table in table_names(self.spark, self.lake):  # another process has written to them
            self.spark.sql(f"REFRESH TABLE {table}")

    def end_visibility_timeouts(self) -> None:
        """Show the messages that a run received and did not delete, as if their time had passed."""
        for message in sqs_backends[DEFAULT_ACCOUNT_ID][REGION].queues[self.name]._messages:
            message.visible_at = 0

    def _started(self, job: str) -> dict[str, str]:
        """The arguments that tell a run of the streaming job its name and id, under which Glue knows it."""
        glue, name = boto3.client("glue"), f"{self.name}-{job}"
        if name not in glue.list_jobs()["JobNames"]:
            glue.create_job(Name=name, Role="role", Command={"Name": "gluestreaming"})
        run_id = glue.start_job_run(JobName=name)["JobRunId"]
        return {"JOB_NAME": name, "JOB_RUN_ID": run_id, "INGEST_MODE": "continuous", "ROUND_SECONDS": "1"}

    def _arguments(self, job: str) -> list[str]:
        more = self._started(job) if job == STREAMING else {}
        return job_arguments(
            self.lake,
            self.queue_url,
            "wr",
            raw=f"{self.name}-raw",
            lake_bucket=f"{self.name}-lake",
            TABLE_PREFIX=f"{self.name}-",
            DATASET="transactions",
            SETTLE_SECONDS="0",
            RAW_DAYS="30",
            TOMBSTONE_DAYS="30",
            RECORD_DAYS="90",
            SNAPSHOT_DAYS="5",
            **more,
        )

    def state(self) -> State:
        """What is in tables and in lineage, which batches are open, and which messages are left."""
        names = (
            *map(self.lake.table, DATASETS),
            *map(self.lake.changes, DATASETS),
            *map(self.lake.ops, (QUARANTINE, BATCHES, QUALITY_RESULTS, TOMBSTONES)),
        )
        existing = [name for name in names if self.spark.catalog.tableExists(name)]
        rows: State = {self._general(name): [] for name in names}  # a table that was never made has no rows
        rows |= {self._general(name): self._rows(name) for name in existing}
        files = {self._general(name): self.spark.table(f"{name}.files").count() for name in existing}
        # A comparison that was killed may leave a second certificate, which says the same. Mismatches that it
        # leaves are not read by anything.
        results = self.lake.ops(PARITY_RESULTS)
        if self.spark.catalog.tableExists(results):
            rows[self._general(results)] = sorted(set(self._rows(results)))
        return {
            **rows,
            "files": files,
            "open": self.batches.begun() + self._keys("lake", "parity/transactions/open/"),
            "messages": self.messages(),
            "lineage": self._lineage(),
            "raw": self._keys("raw", ""),
        }

    def messages(self) -> int:
        """How many messages the intake queue has, hidden ones included."""
        names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = boto3.client("sqs").get_queue_attributes(QueueUrl=self.queue_url, AttributeNames=names)
        return sum(map(int, found["Attributes"].values()))

    def _lineage(self) -> list[tuple[str, str, list[int]]]:
        """What the batches have told: the type of each event, its job, and the rows of its inputs."""
        s3, bucket, keys = boto3.client("s3"), f"{self.name}-lake", self._keys("lake", "lineage/")
        told = (s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys)
        events = [json.loads(line) for text in told for line in text.splitlines()]
        return sorted(
            (
                event["eventType"],
                event["job"]["name"],
                [read["inputFacets"]["inputStatistics"]["rowCount"] for read in event["inputs"]],
            )
            for event in events
        )

    def _general(self, text: str) -> str:
        """A text without the names of this fixture, to be compared with that of another."""
        return text.removeprefix(f"{self.catalog}.").replace(self.name, "pipeline")

    def _rows(self, table: str) -> list[str]:
        rows = self.spark.table(table)
        compared = rows.select([name for name in rows.columns if name not in _OF_THE_RUN])
        return sorted(self._general(str(row)) for row in compared.collect())

    def _keys(self, bucket: str, prefix: str) -> list[str]:
        listed = boto3.client("s3").list_objects_v2(Bucket=f"{self.name}-{bucket}", Prefix=prefix)
        return [one["Key"] for one in listed.get("Contents", ())]
