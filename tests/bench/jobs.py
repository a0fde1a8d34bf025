"""Job bench: batches of changes from RAW objects to the merged table, by the real jobs over the real S3 API.

The objects are what `forwarder` writes of MODIFY records; one of a hundred breaks a rule. The table has a
million lines. Rows that were quarantined and merged are counted, and how often S3 was asked for an object.
"""

import logging
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import batched
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

import boto3
import psutil

from expectations.spark_schema import ITEM_BOOKKEEPING
from jobs.checking.checked_dataset import count_rows, parse_files
from jobs.ingest.check_batch import check_batch
from jobs.ingest.merge_batches import merge_batches
from jobs.intake.batches import Batches
from jobs.intake.doors import JSON_LINES_GZ, STREAM
from jobs.intake.manifest import Manifest, ManifestFile
from jobs.lake.creation import create_dataset_tables
from jobs.lake.names import QUARANTINE
from jobs.quality.row_rules import row_rules
from jobs.quality.validation import prepare, validate
from lambdas.forwarder.objects import raw_objects
from tests.bench import baskets
from tests.bench.baskets import EVENTS, LATER, MILLION, RECENT, Total
from tests.bench.merge_variants import GluelineMerge
from tests.bench.report import Report, Row, expect, seconds
from tests.bench.session import FOLDER, spark
from tests.moto_server import aws_in_this_process

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MILLIONS: Final = (1,)
TABLE_MILLIONS: Final = 1
SMALL: Final = 100_000  # changes
WARM_UP: Final = 20_000
STREAM_BATCH: Final = 1000  # records of an object
FEW: Final = 20  # objects that contain the same changes …
MANY: Final = 2000  # … as these
BROKEN: Final = 100  # one row in this many has a status outside the contract
_STREAM: Final = "arn:aws:dynamodb:us-east-1:123456789012:table/glueline-transactions/stream/2026-11-24"


def run(millions: Sequence[int]) -> Report:
    """A small batch split into few, usual and many objects; then the large ones."""
    report = Report(
        "jobs",
        [
            f"MODIFY records into a table of {TABLE_MILLIONS} M lines; one of {BROKEN} is quarantined",
            "floor: Spark reads the same objects from disk as JSON, and writes Parquet",
            "memory: most that Spark's JVM and Python workers held at once; what they share counts once",
        ],
    )
    with aws_in_this_process(), counted_requests() as requests:
        bench = Bench(boto3.client("s3"), requests)
        measure(bench, WARM_UP, STREAM_BATCH)
        cuts = [measure(bench, SMALL, SMALL // number) for number in (FEW, MANY)]
        few, many = (_seconds(row) for row in cuts)
        report.add("same_changes_in_few_and_many_objects", cuts)
        report.add("many_to_few", [{"objects": f"{MANY} against {FEW}", "ratio": round(many / few, 2)}])
        sizes = [SMALL, *(size * MILLION for size in millions)]
        report.add("batches", [measure(bench, size, STREAM_BATCH) for size in sizes])
        report.add("split", [split(bench, SMALL), split(bench, sizes[-1])])
    return report


@dataclass(slots=True)
class Requests:
    """Requests for objects of the RAW bucket, from the server's log."""

    reads: int = 0


@dataclass(slots=True)
class Bench:
    """The buckets, and the number of batches so far."""

    s3: "S3Client"
    requests: Requests
    batches: int = 0
    lake: Any = field(init=False)

    def __post_init__(self) -> None:
        for bucket in ("raw", "lake"):
            self.s3.create_bucket(Bucket=bucket)
        self.lake = baskets.lake_of(TABLE_MILLIONS)

    def put(self, changes: int, records: int) -> Manifest:
        """The changes as objects of so many records; the same as files on disk, for the floor."""
        self.batches += 1
        folder = FOLDER / "raw"
        folder.mkdir(exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        files, now = [], datetime.now(UTC).isoformat()
        for batch in batched(stream_records(changes), records, strict=False):
            [raw] = raw_objects(batch, "glueline-")
            (folder / Path(raw.key).name).write_bytes(raw.body)
            etag = self.s3.put_object(Bucket="raw", Key=raw.key, Body=raw.body)["ETag"].strip('"')
            files.append(
                ManifestFile(
                    "raw", raw.key, etag, None, len(raw.body), now, EVENTS.dataset, STREAM.name, JSON_LINES_GZ
                )
            )
        return Manifest(f"bench-{os.getpid()}-{self.batches}", now, tuple(files))


def measure(bench: Bench, changes: int, records: int) -> Row:
    """One batch: check, merge, floor; WrongResult if a row is not where it belongs."""
    table = GluelineMerge(RECENT, TABLE_MILLIONS)
    table.roll_back()
    before = table.total()
    spark().sql(f"DROP TABLE {bench.lake.changes(EVENTS.dataset)} PURGE")
    create_dataset_tables(spark(), bench.lake, EVENTS)
    manifest = bench.put(changes, records)
    batches = Batches(bench.s3, "lake")
    batches.open(manifest)
    bench.requests.reads = 0
    with peak_memory() as memory:
        check = seconds(lambda: check_batch(spark(), bench.lake, batches, manifest, {EVENTS.dataset: EVENTS}))
        reads = bench.requests.reads
        merge = seconds(lambda: merge_batches(spark(), bench.lake, batches, {EVENTS.dataset: EVENTS}))
    broken = changes // BROKEN
    quarantined = spark().table(bench.lake.ops(QUARANTINE)).where(f"batch_id = '{manifest.batch_id}'").count()
    expect("quarantined", broken, quarantined)
    expect("merged", Total(before.rows, before.versions + (changes - broken) * LATER), table.total())
    expect("reads of each object", len(manifest.files), reads)
    floor = seconds(write_floor)
    return {
        "changes": changes,
        "objects": len(manifest.files),
        "reads": reads,
        "check_s": round(check, 1),
        "merge_s": round(merge, 1),
        "floor_s": round(floor, 1),
        "times_floor": round((check + merge) / floor, 1),
        "memory_gib": round(max(memory) / 2**30, 2),
    }


def split(bench: Bench, changes: int) -> Row:
    """GX on cached rows, as it comes and as `check` runs it, and what deciding about each row adds.

    `check` decides in the pass that reads the files. What that adds is told by cached rows: to make
    conditions of the rules, and a pass that decides, less one that only counts.
    """
    manifest = bench.put(changes, STREAM_BATCH)
    parsed = parse_files(spark(), manifest.files, EVENTS).persist()
    try:
        read = seconds(parsed.count)
        examination = prepare(parsed, EVENTS)
        suite, batch = examination.suite, examination.batch
        as_it_comes = seconds(lambda: batch.validate(suite))
        judged = seconds(lambda: validate(examination))
        rules = seconds(lambda: row_rules(replace(EVENTS, description=f"{changes}"), parsed.schema))
        counted = seconds(parsed.count)
        started = perf_counter()
        counts = count_rows(parsed, manifest.files, EVENTS.dataset, examination.row_rules).files
        decided = rules + perf_counter() - started - counted
    finally:
        parsed.unpersist()
    expect("quarantined by the split", changes // BROKEN, sum(count.quarantined for count in counts))
    return {
        "changes": changes,
        "read_and_parse_s": round(read, 1),
        "gx_as_it_comes_s": round(as_it_comes, 2),
        "gx_boolean_only_s": round(judged, 2),
        "split_s": round(decided, 2),
        "split_to_gx_as_it_comes": round(decided / as_it_comes, 2),
        "split_to_boolean_only": round(decided / judged, 2),
        "both_to_gx_as_it_comes": round((judged + decided) / as_it_comes, 2),
    }


def stream_records(number: int) -> Iterator[dict[str, Any]]:
    """MODIFY records of the table's first lines; every hundredth with a wrong status."""
    rows = baskets.lines(TABLE_MILLIONS).orderBy("line_id").limit(number)
    columns = [column.name for column in EVENTS.columns]
    shown = ["date_format(transaction_timestamp, \"yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'\") as at"]
    path = FOLDER / f"records-{number}"
    baskets.once(path, lambda folder: rows.selectExpr("*", *shown).coalesce(1).write.parquet(str(folder)))
    for place, row in enumerate(spark().read.parquet(str(path)).toLocalIterator()):
        key = f"{row['basket_id']},{row['product_id']}"
        texts = {"transaction_timestamp": row["at"], "updated_at": row["at"]}
        old = {
            "_key": {"S": key},
            "_version": {"N": str(row["_version"])},
            **{name: {"S": texts[name]} if name in texts else _attribute(row[name]) for name in columns},
        }
        status = "lost" if place % BROKEN == 0 else "settled"
        new = old | {"_version": {"N": str(row["_version"] + LATER)}, "status": {"S": status}}
        yield {
            "eventID": f"event-{place}",
            "eventName": "MODIFY",
            "eventSource": "aws:dynamodb",
            "eventSourceARN": _STREAM,
            "dynamodb": {
                "ApproximateCreationDateTime": 1_795_515_330,
                "Keys": {"_key": {"S": key}},
                "NewImage": new,
                "OldImage": old,
                "SequenceNumber": str(10**20 + place),
                "StreamViewType": "NEW_AND_OLD_IMAGES",
            },
        }


def write_floor() -> None:
    """Read the same objects as JSON with their schema, and write Parquet: the least possible work."""
    tags = "S: string, N: string, B: string, BOOL: boolean, NULL: boolean, "
    tags += "SS: array<string>, NS: array<string>, BS: array<string>"
    names = (*(column.name for column in EVENTS.columns), *ITEM_BOOKKEEPING)
    images = f"struct<{', '.join(f'{name}: struct<{tags}>' for name in names)}>"
    schema = f"dynamodb struct<NewImage: {images}, OldImage: {images}, SequenceNumber: string>"
    rows = spark().read.schema(schema).json(str(FOLDER / "raw"))
    rows.write.mode("overwrite").parquet(str(FOLDER / "floor"))


@contextmanager
def counted_requests() -> Iterator[Requests]:
    """Counts requests to the server in its log."""
    requests = Requests()

    class Counter(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            requests.reads += "GET /raw/stream/" in record.getMessage()

    logger, handler = logging.getLogger("werkzeug"), Counter()
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        yield requests
    finally:
        logger.removeHandler(handler)


@contextmanager
def peak_memory() -> Iterator[list[int]]:
    """Memory of all child processes, sampled twice a second; what they share counts once."""
    found, ended = [0], threading.Event()

    def look() -> None:
        while not ended.wait(0.5):
            held = 0
            for process in psutil.Process().children(recursive=True):
                try:
                    held += process.memory_full_info().pss
                except (psutil.NoSuchProcess, psutil.AccessDenied):
                    continue
            found.append(held)

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield found
    finally:
        ended.set()
        watcher.join()


def _attribute(value: Any) -> dict[str, str]:
    return {"S": value} if isinstance(value, str) else {"N": str(value)}


def _seconds(row: Row) -> float:
    return sum(float(str(row[stage])) for stage in ("check_s", "merge_s"))
