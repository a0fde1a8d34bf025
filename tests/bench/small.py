"""Small bench: what a batch of few rows costs, counted beside the seconds, cold and warm.

Batches of one dataset and of several, by the real jobs, with the catalog and the files of the template. The
AWS is in the process of the bench, so processor time includes it.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from statistics import median
from typing import TYPE_CHECKING, Any, Final
from unittest.mock import patch
from uuid import uuid4

import boto3

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
from tests.bench.report import Report, Row, expect
from tests.bench.session import spark
from tests.builders import transaction
from tests.faults.proxy import proxied
from tests.job_costs import Cost, Meter, metered
from tests.moto_server import aws_in_this_process
from tests.sessions import set_glue_catalog

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ROWS: Final = 50
ROUNDS: Final = 4
DAYS: Final = 28  # of a batch whose rows lie in many partitions
DATASETS: Final = 6  # of a batch of several datasets, which are the same contract by other names
ROWS_OF_EACH: Final = 3
STEPS: Final = ("check", "merge")
_CATALOG: Final = "aws"
_STREAM: Final = "arn:aws:dynamodb:us-east-1:123456789012:table/glueline-{}/stream/2026-11-24"
_numbers = count(10**20 + 1)


def run() -> Report:
    """One batch in a cold JVM, then some in a warm one; the same for several datasets."""
    report = Report(
        "small",
        [
            f"batches of {ROWS} rows of one dataset, of one day and of {DAYS}; and of {DATASETS} datasets"
            f" with {ROWS_OF_EACH} rows each",
            f"warm: the median of {ROUNDS} rounds; cold: the first batch of a JVM; first: in a warm JVM",
        ],
    )
    transactions = load_contracts()["transactions"]
    several = [replace(transactions, dataset=f"lines_{number}") for number in range(DATASETS)]
    with benched() as bench:
        cold = [bench.batch([transactions], ROWS)]
        warm = [bench.batch([transactions], ROWS) for _ in range(ROUNDS)]
        report.add("one_dataset", _by_cause(cold=cold, warm=warm))
        days = [bench.batch([transactions], ROWS, DAYS) for _ in range(1 + ROUNDS)]
        report.add(f"of_{DAYS}_days", _by_cause(first=days[:1], warm=days[1:]))
        lines = [bench.batch(several, ROWS_OF_EACH) for _ in range(1 + ROUNDS)]
        report.add("several_datasets", _by_cause(first=lines[:1], warm=lines[1:]))
    return report


@contextmanager
def benched() -> Iterator["Bench"]:
    """A bench with an AWS of its own, which all requests of the jobs reach through a proxy."""
    with (
        aws_in_this_process() as aws,
        proxied(aws) as proxy,
        patch.dict(os.environ, AWS_ENDPOINT_URL=proxy.url),  # of boto3 here, and of the Python workers
        metered(spark(), proxy) as meter,
    ):
        set_glue_catalog(spark(), _CATALOG, proxy.url, "lake")
        yield Bench(boto3.client("s3"), meter)


@dataclass(slots=True)
class Bench:
    """The buckets and the lake."""

    s3: "S3Client"
    meter: Meter
    lake: Lake = field(default_factory=lambda: Lake("lake", "lake_ops", _CATALOG))

    def __post_init__(self) -> None:
        for bucket in ("raw", "lake"):
            self.s3.create_bucket(Bucket=bucket)
        for database in (self.lake.database, self.lake.ops_database):
            spark().sql(f"CREATE NAMESPACE {self.lake.catalog}.{database}")
        create_ops_tables(spark(), self.lake)

    def batch(self, contracts: Sequence[Contract], rows: int, days: int = 1) -> Mapping[str, Cost]:
        """What each step costs: check and merge of a batch with so many new rows of each contract."""
        by_name = {contract.dataset: contract for contract in contracts}
        manifest = self.land(list(by_name), rows, days)
        batches = Batches(self.s3, "lake")
        batches.open(manifest)
        check = self.meter.measure(lambda: check_batch(spark(), self.lake, batches, manifest, by_name))
        before = [spark().table(self.lake.table(name)).count() for name in by_name] if rows else []
        merge = self.meter.measure(lambda: merge_batches(spark(), self.lake, batches, by_name))
        after = [spark().table(self.lake.table(name)).count() for name in by_name]
        expect("rows merged", [number + rows for number in before], after)
        return {"check": check, "merge": merge}

    def land(self, datasets: Sequence[str], rows: int, days: int) -> Manifest:
        """An object of new rows for each dataset, as the forwarder writes it."""
        now = datetime.now(UTC).isoformat()
        files = []
        for dataset in datasets:
            [raw] = raw_objects([_record(dataset, row % days) for row in range(rows)], "glueline-")
            etag = self.s3.put_object(Bucket="raw", Key=raw.key, Body=raw.body)["ETag"].strip('"')
            files.append(
                ManifestFile(
                    "raw", raw.key, etag, None, len(raw.body), now, dataset, STREAM.name, JSON_LINES_GZ
                )
            )
        return Manifest(f"wr_{uuid4().hex}{uuid4().hex}", now, tuple(files))


def _by_cause(**rounds: Sequence[Mapping[str, Cost]]) -> Iterator[Row]:
    """A row for each cause, with the medians of each step in each kind of round."""
    steps = {f"{name}_{step}": [one[step] for one in some] for name, some in rounds.items() for step in STEPS}
    for cause in next(iter(steps.values()))[0]:
        medians = {name: median(cost[cause] for cost in costs) for name, costs in steps.items()}
        yield {"cause": cause, **{name: round(value, 1) for name, value in medians.items()}}


def _record(dataset: str, day: int) -> dict[str, Any]:
    number = next(_numbers)
    sold = datetime(2017, 1, 1 + day, 11, 53, 26, tzinfo=UTC)
    changed = datetime(2017, 3, 1, tzinfo=UTC) + timedelta(seconds=number - 10**20)
    row = transaction(
        basket_id=number - 10**20, transaction_timestamp=sold.isoformat(), updated_at=changed.isoformat()
    )
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
