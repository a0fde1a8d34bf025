"""A DynamoDB table, its Iceberg table and the buckets between them, which tests damage on purpose."""

import gzip
import json
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
from pyspark.sql import functions as F

from expectations.spark_schema import changes_schema, table_schema
from jobs.changes.columns import UPSERT, accepted_changes
from jobs.changes.key_text import encode_key
from jobs.checking.deduplicate import known_changes, new_changes
from jobs.doors.repair import parse_repair
from jobs.doors.stream import parse_stream
from jobs.lake.creation import create_dataset_tables, create_ops_tables
from jobs.lake.names import TOMBSTONES, Lake
from jobs.lake.session import FEW_ROWS, configured
from jobs.merging.steps import merge_changes
from jobs.parity.certificates import Certificate, Comparison
from jobs.parity.certification import check_again, issue
from jobs.parity.dynamodb_scan import as_record
from jobs.parity.in_flight import Landing
from jobs.parity.objects import ParityObjects
from jobs.parity.options import ParityOptions
from jobs.parity.reconciliation import compare, scan_table
from jobs.parity.tables import create_parity_tables
from jobs.runtime.options import Options
from tests.jobs import builders
from tests.jobs.builders import received
from tests.properties import examples

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pyspark.sql import DataFrame, SparkSession

    from expectations.contract import Contract

type Item = dict[str, dict[str, Any]]

EXAMPLES = examples(2, deep=50)  # of forty keys each

SEQUENCE = "4421584500000000017450439092"  # of a stream's record


@contextmanager
def interpreting(spark: "SparkSession") -> "Iterator[SparkSession]":
    """Run plans in one task and without compiling them, which takes longer than a few rows do."""
    with configured(spark, FEW_ROWS):
        yield spark


@dataclass(frozen=True)
class ParityFixture:
    """One dataset on both sides. Nothing is in flight unless a test puts it there."""

    spark: "SparkSession"
    contract: "Contract"
    name: str  # of the database, the buckets and the table's prefix: each test has its own
    options: ParityOptions = field(init=False)
    lake: Lake = field(init=False)

    def __post_init__(self) -> None:
        sqs, s3 = boto3.client("sqs"), boto3.client("s3")
        for bucket in (f"{self.name}-lake", f"{self.name}-raw"):
            s3.create_bucket(Bucket=bucket)
        queue = sqs.create_queue(QueueName=f"{self.name}-intake")["QueueUrl"]
        database, ops = self.name.replace("-", "_"), self.name.replace("-", "_") + "_ops"
        job = Options(
            f"{self.name}-lake", f"{self.name}-raw", queue, database, ops, "again", "Glueline/test", "wr_1"
        )
        options = ParityOptions(job, "jr_1", f"{self.name}-", None, True, timedelta(0), 1_000_000)
        object.__setattr__(self, "options", options)
        object.__setattr__(self, "lake", Lake(database, ops))
        boto3.client("dynamodb").create_table(
            TableName=self.dynamodb_table,
            KeySchema=[{"AttributeName": "_key", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "_key", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        for namespace in (database, ops):
            self.spark.sql(f"CREATE NAMESPACE IF NOT EXISTS glue_catalog.{namespace}")
        create_ops_tables(self.spark, self.lake)
        create_parity_tables(self.spark, self.lake)
        create_dataset_tables(self.spark, self.lake, self.contract)

    @property
    def dynamodb_table(self) -> str:
        return f"{self.name}-{self.contract.dataset}"

    @property
    def table(self) -> str:
        return self.lake.table(self.contract.dataset)

    @property
    def landing(self) -> Landing:
        s3, sqs, cloudwatch = boto3.client("s3"), boto3.client("sqs"), boto3.client("cloudwatch")
        return Landing.of(self.options.job, s3, sqs, cloudwatch)

    @property
    def objects(self) -> ParityObjects:
        return ParityObjects(boto3.client("s3"), self.options.job.lake_bucket)

    def arguments(self, job: str, **added: str) -> list[str]:
        """The arguments that Glue gives a job of parity."""
        options = self.options.job
        given = {
            "LAKE_BUCKET": options.lake_bucket,
            "RAW_BUCKET": options.raw_bucket,
            "INTAKE_QUEUE_URL": options.intake_queue_url,
            "DATABASE": options.database,
            "OPS_DATABASE": options.ops_database,
            "BACKLOG_RULE": options.backlog_rule,
            "METRICS_NAMESPACE": options.metrics_namespace,
            "JOB_RUN_ID": "jr_1",
            "TABLE_PREFIX": self.options.table_prefix,
            "SETTLE_SECONDS": "0",
            **added,
        }
        return [f"{job}.py", *(text for name, value in given.items() for text in (f"--{name}", value))]

    # --- the two sides --------------------------------------------------------------------------------------

    def put(self, *items: Item) -> None:
        """Write items to DynamoDB."""
        for item in items:
            boto3.client("dynamodb").put_item(TableName=self.dynamodb_table, Item=item)

    def remove(self, *keys: str) -> None:
        for key in keys:
            boto3.client("dynamodb").delete_item(TableName=self.dynamodb_table, Key={"_key": {"S": key}})

    def merge(self, *items: Item, source: str = "stream", tie: str | None = None) -> None:
        """Write the rows of the items into the table, as a merge of their records does."""
        rows = self.rows_of(items).withColumn("_source", F.lit(source))
        if tie is not None:
            rows = rows.withColumn("_tie", F.lit(tie))
        rows.writeTo(self.table).append()

    def rows_of(self, items: "Iterable[Item]") -> "DataFrame":
        records = [json.loads(as_record(self.contract, item)) for item in items]
        for record in records:
            record["dynamodb"]["SequenceNumber"] = SEQUENCE
        changes = parse_stream(received(self.spark, records), self.contract)
        upserts = changes.where((F.col("_op") == UPSERT) & (F.size("reasons") == 0))
        return upserts.select(table_schema(self.contract).fieldNames())

    def add_tombstone(self, key: str, version: int, tie: str = SEQUENCE) -> None:
        """Add a tombstone, as a merged delete does."""
        values = (self.contract.dataset, key, version, tie, datetime.now(UTC))
        table = self.lake.ops(TOMBSTONES)
        self.spark.createDataFrame([values], self.spark.table(table).schema).writeTo(table).append()

    def sql(self, statement: str) -> None:
        """Damage the table by a statement outside the pipeline; `{table}` is its name."""
        self.spark.sql(statement.format(table=self.table))

    def keys(self) -> list[str]:
        """The keys of the table's rows, sorted."""
        keyed = self.spark.table(self.table).select(encode_key(self.contract).alias("key"))
        return sorted(row["key"] for row in keyed.collect())

    # --- parity ---------------------------------------------------------------------------------------------

    def compare(self) -> Comparison:
        with scan_table(self.spark, [self.contract], self.options) as scanned:
            return compare(self.spark, self.contract, self.options, scanned, datetime.now(UTC))

    def check_again(self, compared: Comparison, **changed: Any) -> Certificate | Comparison:
        options = replace(self.options, **changed)
        return check_again(self.spark, self.contract, compared, self.landing, options)

    def certify(self, *, repair: bool = False) -> Certificate:
        """Compare, and check mismatches again with nothing in flight."""
        compared = self.compare()
        if not compared.counts.mismatches:
            return Certificate.of(compared, datetime.now(UTC))
        self.objects.put_open(compared)
        found = self.check_again(compared, repair=repair)
        assert isinstance(found, Certificate)
        issue(self.spark, self.lake, self.objects, compared, found)
        return found

    def repair_objects(self) -> dict[str, list[dict[str, Any]]]:
        """The lines of each object at the door `repairs/`."""
        s3, bucket = boto3.client("s3"), self.options.job.raw_bucket
        found = s3.list_objects_v2(Bucket=bucket, Prefix="repairs/").get("Contents", ())
        bodies = {one["Key"]: s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read() for one in found}
        return {
            key: [json.loads(line) for line in gzip.decompress(body).decode().splitlines()]
            for key, body in bodies.items()
        }

    def merge_repairs(self, batch_id: str = "wr_repair") -> None:
        """Do what `check` and `merge` do with a batch of the objects at that door."""
        lines = [line for some in self.repair_objects().values() for line in some]
        parsed = parse_repair(received(self.spark, lines), self.contract)
        assert parsed.where(F.size("reasons") > 0).count() == 0
        changes = accepted_changes(parsed, self.contract).withColumns(
            {"_batch_id": F.lit(batch_id), "_ingested_at": F.lit(datetime.now(UTC))}
        )
        new = new_changes(changes, known_changes(changes, self.lake, self.contract), self.contract)
        table = self.lake.changes(self.contract.dataset)
        new.select(changes_schema(self.contract).fieldNames()).writeTo(table).append()
        merge_changes(self.spark, self.lake, self.contract, [batch_id])


def entity(number: int, name: str, version: int | None = 1, *, deleted: bool = False) -> Item:
    """An item of `ENTITIES`, which may be marked as deleted."""
    item: Item = builders.entity(number, name, version=version)
    return item | {"_deleted": {"BOOL": True}, "_expires_at": {"N": "1800000000"}} if deleted else item
