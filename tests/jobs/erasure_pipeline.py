"""A small pipeline for the tests of erasing, and rows of a key in every place that can hold one."""

import gzip
import io
import json
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import functions as F

from expectations.contract import Contract
from jobs.checking.append import append_changes, append_quarantine, append_results
from jobs.checking.checked_dataset import CheckedDataset, count_rows, parse_files
from jobs.erasure.block import block_keys
from jobs.erasure.blocked_rows import erased_keys, refuse_erased
from jobs.erasure.context import ErasureContext
from jobs.erasure.keys import ErasedKeys
from jobs.erasure.notes import AffectedVersion, Proof, Request
from jobs.erasure.prove import prove
from jobs.erasure.raw_versions import list_versions
from jobs.erasure.remove_from_raw import remove_from_raw
from jobs.erasure.remove_from_tables import remove_from_tables
from jobs.erasure.requests import Erasures
from jobs.erasure.table_files import location
from jobs.ingest.merge_batches import merge_batches
from jobs.intake.batches import Batches
from jobs.intake.export_manifest import checksum
from jobs.intake.first_events import FirstEvents
from jobs.intake.manifest import Manifest, ManifestFile, classify
from jobs.intake.results import CheckedBatch
from jobs.lake.creation import create_dataset_tables, create_ops_tables
from jobs.lake.names import Lake
from tests.jobs.builders import ENTITIES, SENT, record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3 import S3Client
    from pyspark.sql import SparkSession

SECRET = "Ann Secret"  # noqa: S105 -- in rows of the erased key only
KEY = 7
LATER = SENT + timedelta(minutes=30)
STREAM_ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/glueline-entities/stream/2026-11-24T00:48:05.899"
EXPORT = "exports/entities/AWSDynamoDB/01695097218000-d6299cbd"


def item(number: int, version: int, name: str) -> dict[str, Any]:
    return {
        "_key": {"S": str(number)},
        "_version": {"N": str(version)},
        "id": {"N": str(number)},
        "name": {"S": name},
    }


def lines(*content: Mapping[str, Any]) -> bytes:
    return gzip.compress("".join(f"{json.dumps(one)}\n" for one in content).encode())


def drop(*rows: tuple[Any, ...]) -> bytes:
    return "\n".join(["id,name", *(",".join(map(str, row)) for row in rows), ""]).encode()


def parquet(*rows: tuple[int, str]) -> bytes:
    content = io.BytesIO()
    pq.write_table(pa.table({"id": [row[0] for row in rows], "name": [row[1] for row in rows]}), content)
    return content.getvalue()


def stream_record(kind: str, number: int, version: int, name: str) -> dict[str, Any]:
    image = item(number, version, name)
    images: Any = {"old": image} if kind == "REMOVE" else {"new": image}
    return {**record(kind, str(number), number=version, **images), "eventSourceARN": STREAM_ARN}


def erasure_of(*keys: str) -> str:
    """The id of the erasure of these keys."""
    return f"erasure-{len(keys)}-{'-'.join(keys)}"


@dataclass
class ErasurePipeline:
    """RAW and lake buckets, a DynamoDB table and the tables of the dataset `entities`."""

    spark: "SparkSession"
    lake: Lake
    s3: "S3Client"
    dynamodb: Any
    name: str  # of its buckets and table, unlike those of other pipelines
    contract: Contract = ENTITIES
    batch: int = 0
    proof: Proof | None = None

    @property
    def raw(self) -> str:
        return f"raw-{self.name}"

    @property
    def lake_bucket(self) -> str:
        return f"lake-{self.name}"

    @property
    def table(self) -> str:
        return f"{self.name}-entities"

    @property
    def batches(self) -> Batches:
        return Batches(self.s3, self.lake_bucket)

    def put(self, key: str, body: bytes, at: datetime = SENT) -> ManifestFile | None:
        """Put an object into the RAW bucket; its entry in a manifest, None if no door takes it."""
        answer = self.s3.put_object(Bucket=self.raw, Key=key, Body=body)
        place = classify(key, {self.contract.dataset})
        if not isinstance(place, tuple):
            return None
        version = answer.get("VersionId")
        return ManifestFile(
            self.raw, key, answer["ETag"].strip('"'), version, len(body), at.isoformat(), *place
        )

    def newest(self, key: str, at: datetime = SENT) -> ManifestFile:
        """The manifest entry that an announcement of the object, as it is now, gives."""
        head: Any = self.s3.head_object(Bucket=self.raw, Key=key)
        place: Any = classify(key, {self.contract.dataset})
        state = head["ETag"].strip('"'), head.get("VersionId"), head["ContentLength"]
        file = ManifestFile(self.raw, key, *state, at.isoformat(), *place)
        announced = Manifest("announced", at.isoformat(), (file,))
        return FirstEvents(self.s3, self.batches.bucket).add_to(announced).files[0]

    def ingest(self, *files: ManifestFile | None) -> None:
        """Check the files as one batch, by the doors alone, and merge it."""
        manifest = self.begin(*files)
        self.check(manifest)
        self.merge()

    def merge(self) -> None:
        """Merge the batches that are checked."""
        merge_batches(self.spark, self.lake, self.batches, {self.contract.dataset: self.contract})

    def begin(self, *files: ManifestFile | None) -> Manifest:
        """Open a batch of the files."""
        self.batch += 1
        there = tuple(file for file in files if file is not None)
        manifest = Manifest(f"batch-{self.batch}", datetime.now(UTC).isoformat(), there)
        self.batches.open(manifest)
        create_dataset_tables(self.spark, self.lake, self.contract)
        return manifest

    def check(self, manifest: Manifest, *, stops_after_changes: bool = False) -> None:
        """Check a batch, by the doors alone."""
        erased = erased_keys(self.spark, self.lake, self.contract)
        parsed = parse_files(self.spark, manifest.files, self.contract)
        rows = refuse_erased(parsed, self.contract, erased).persist()
        counts = count_rows(rows, manifest.files, self.contract.dataset, ()).files
        verdict: Any = SimpleNamespace(success=True, statistics="{}", as_json="{}")
        checked = CheckedDataset(self.contract, rows, counts, verdict, erased)
        append_changes(self.lake, manifest, checked, SENT)
        if not stops_after_changes:
            append_quarantine(self.spark, self.lake, manifest, [checked], SENT)
            append_results(self.spark, self.lake, manifest, [checked], SENT)
            self.batches.mark_checked(CheckedBatch(manifest.batch_id, counts))
        rows.unpersist()

    def receipts(self) -> dict[str, tuple[int, int, int]]:
        """Of the newest batch: object -> rows read, accepted, quarantined."""
        counts = self.spark.table(self.lake.ops("batches")).where(F.col("batch_id") == f"batch-{self.batch}")
        return {
            row["source_file"].rpartition("/")[2]: (row["rows_read"], row["accepted"], row["quarantined"])
            for row in counts.collect()
        }

    def rows(self) -> dict[int, str]:
        """The current table."""
        table = self.spark.table(self.lake.table("entities"))
        return {row["id"]: row["name"] for row in table.collect()}

    def changes(self) -> list[tuple[int, str, str | None]]:
        table = self.spark.table(self.lake.changes("entities"))
        return sorted((row["id"], row["_op"], row["name"] or "") for row in table.collect())

    def tombstones(self) -> dict[str, tuple[int, str]]:
        table = self.spark.table(self.lake.ops("tombstones")).where(F.col("dataset") == "entities")
        return {row["key"]: (row["_version"], row["_tie"]) for row in table.collect()}

    def objects(self) -> dict[str, list[bytes]]:
        """The content of every version of every object in RAW, unpacked."""
        found: dict[str, list[bytes]] = {}
        for version in boto3.resource("s3").Bucket(self.raw).object_versions.all():
            if version.size:  # a delete marker has none
                body = version.get()["Body"].read()
                body = gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
                found.setdefault(version.object_key, []).append(body)
        return found

    def erasures(self) -> Erasures:
        return Erasures(self.s3, self.lake_bucket)

    def context(self, *keys: str, remove_unreadable: bool = False) -> ErasureContext:
        """An erasure of the keys, ready for its phases. If it has a request, it continues."""
        name, hashes = erasure_of(*keys), {key: f"hash of {key}" for key in keys}
        now = datetime.now(UTC).isoformat()
        request = Request(name, self.contract.dataset, hashes, now, remove_unreadable)
        erasures = self.erasures()
        if (begun := erasures.request(name)) is None:
            erasures.write(name, request)
        return ErasureContext(
            self.spark, self.lake, self.contract, ErasedKeys.of(self.contract, keys), begun or request,
            erasures, self.s3, self.dynamodb, self.raw, self.table,
        )  # fmt: skip

    def erase(
        self,
        *keys: str,
        remove_unreadable: bool = False,
        meanwhile: Callable[[ErasureContext], None] = lambda _: None,
    ) -> Proof:
        """All phases, as `glueline erase` runs them; the stream has a record of each replaced item."""
        context = self.context(*keys, remove_unreadable=remove_unreadable)
        there = {key: self.item(key) for key in keys}
        try:
            block_keys(context)
        finally:
            self.land_marks({key: item for key, item in there.items() if self.item(key) != item})
        remove_from_raw(context)
        meanwhile(context)
        remove_from_tables(context)
        return prove(context)

    def item(self, key: str) -> dict[str, Any] | None:
        found = self.dynamodb.get_item(TableName=self.table, Key={"_key": {"S": key}}, ConsistentRead=True)
        item: dict[str, Any] | None = found.get("Item")
        return item

    def land_marks(self, replaced: Mapping[str, Mapping[str, Any] | None]) -> None:
        """Merge the stream's records of the marks that replaced these items."""
        records = [
            record("MODIFY" if old else "INSERT", key, old=old, new=self.item(key), number=10**6)
            for key, old in replaced.items()
        ]
        if records:
            key = f"stream/{self.contract.dataset}/2026/11/24/13/marked-{self.batch}.jsonl.gz"
            self.ingest(self.put(key, lines(*records)))


@contextmanager
def open_pipeline(spark: "SparkSession", name: str) -> "Iterator[ErasurePipeline]":
    """An empty pipeline; its buckets and DynamoDB table are deleted at the end."""
    lake = Lake(f"lake_{name}", f"ops_{name}")
    for database in (lake.database, lake.ops_database):
        spark.sql(f"CREATE NAMESPACE {lake.catalog}.{database}")
    create_ops_tables(spark, lake)
    pipeline = ErasurePipeline(spark, lake, boto3.client("s3"), boto3.client("dynamodb"), name)
    for bucket in (pipeline.raw, pipeline.lake_bucket):
        pipeline.s3.create_bucket(Bucket=bucket)
    pipeline.s3.put_bucket_versioning(Bucket=pipeline.raw, VersioningConfiguration={"Status": "Enabled"})
    pipeline.dynamodb.create_table(
        TableName=pipeline.table,
        KeySchema=[{"AttributeName": "_key", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "_key", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    yield pipeline
    pipeline.dynamodb.delete_table(TableName=pipeline.table)
    for used in (pipeline.raw, pipeline.lake_bucket):
        emptied = boto3.resource("s3").Bucket(used)
        emptied.object_versions.delete()
        emptied.objects.delete()
        emptied.delete()


def put_export(pipeline: ErasurePipeline, *items: Mapping[str, Any]) -> str:
    """A full export of two data files, as DynamoDB writes it; the key of its summary."""
    files = []
    for number, some in enumerate((items[::2], items[1::2])):
        name, body = f"{EXPORT}/data/{number}.json.gz", lines(*({"Item": one} for one in some))
        etag = pipeline.s3.put_object(Bucket=pipeline.raw, Key=name, Body=body)["ETag"].strip('"')
        files.append(
            {"itemCount": len(some), "md5Checksum": checksum(body), "etag": etag, "dataFileS3Key": name}
        )
    summary = {
        "version": "2020-06-30",
        "exportTime": "2026-11-24T12:30:00.000Z",
        "manifestFilesS3Key": f"{EXPORT}/manifest-files.json",
        "itemCount": len(items),
        "outputFormat": "DYNAMODB_JSON",
        "exportType": "FULL_EXPORT",
    }
    content = {
        "manifest-files": "".join(f"{json.dumps(file)}\n" for file in files).encode(),
        "manifest-summary": json.dumps(summary).encode(),
    }
    for name, body in content.items():
        pipeline.s3.put_object(
            Bucket=pipeline.raw, Key=f"{EXPORT}/{name}.checksum", Body=checksum(body).encode()
        )
        pipeline.s3.put_object(Bucket=pipeline.raw, Key=f"{EXPORT}/{name}.json", Body=body)
    return f"{EXPORT}/manifest-summary.json"


def fill(pipeline: ErasurePipeline) -> None:
    """Put rows of the key, and of others, into every place."""
    for number, name in ((KEY, SECRET), (8, "Bob")):
        pipeline.dynamodb.put_item(TableName=pipeline.table, Item=item(number, 50, name))
    records = [stream_record("INSERT", n, 10, SECRET if n == KEY else "Bob") for n in (KEY, 8, 9)]
    pipeline.ingest(
        pipeline.put("drops/entities/old.csv", drop((5, "Eve"), (KEY, SECRET), (6, "Max"))),
        pipeline.put("stream/entities/2026/11/24/12/a.jsonl.gz", lines(*records)),
        pipeline.put("drops/entities/bad.csv", b"id,name\n9,Zoe\n7,Ann Secret,too much\nnine,Zoe\n"),
    )
    retract = {"op": "retract", "key": "7", "version": 1, "tie": ""}
    more = b'{"id": 1, "name": "Kim"}\n{"id": "7.0", "name": "Ann Secret"}\n'
    pipeline.ingest(
        pipeline.put("drops/entities/old.csv", drop((5, "Eva"), (6, "Max")), LATER),  # over the first version
        pipeline.put("drops/entities/more.jsonl", more),
        pipeline.put("drops/entities/more.parquet", parquet((2, "Lee"), (KEY, SECRET), (3, "Joe"))),
        pipeline.put(
            "stream/entities/2026/11/24/12/b.jsonl.gz", lines(stream_record("MODIFY", KEY, 50, SECRET))
        ),
        pipeline.put("repairs/entities/r.jsonl.gz", lines(retract, stream_record("MODIFY", 8, 50, "Bob"))),
    )
    put_export(pipeline, item(KEY, 50, SECRET), item(8, 50, "Bob"), item(9, 10, "Bob"))
    failed = [stream_record("MODIFY", n, 60, SECRET if n == KEY else "Bob") for n in (KEY, 8)]
    for name, some in (("both", failed), ("alone", failed[:1])):
        failure = {"DDBStreamBatchInfo": {"streamArn": STREAM_ARN}, "payload": json.dumps({"Records": some})}
        pipeline.put(f"aws/lambda/m/s/2026/11/24/{name}", json.dumps(failure).encode())
    pipeline.s3.put_object(Bucket=pipeline.lake_bucket, Key="athena/answer.csv", Body=SECRET.encode())
    leave_orphan(pipeline)


def leave_orphan(pipeline: ErasurePipeline) -> Path:
    """Write a file that no snapshot has into the table's folder, as a job that stops before its commit."""
    place = location(pipeline.spark, pipeline.lake.table("entities")).removeprefix("file:")
    orphan = Path(place) / "data" / "00000-0-orphan.parquet"
    orphan.write_bytes(parquet((KEY, SECRET)))
    return orphan


def affected_version(
    s3: "S3Client", key: str = "drops/entities/a.csv", place: int = 0, **changed: Any
) -> AffectedVersion:
    """What a search finds in a version of the object (0 is the newest): two rows, one of them of a key."""
    found = [one for one in list_versions(s3, "raw", ENTITIES) if one.key == key][place]
    counts = {"rows": 2, "erased": 1, "problem": None} | changed
    return AffectedVersion(found.key, found.version_id, found.etag, found.is_latest, found.form, **counts)
