"""Batches of few rows, checked and merged by the real jobs, and what each step costs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from expectations.contract import Contract
from expectations.odcs import ContractsOnDemand
from jobs.ingest.check_batch import check_batch
from jobs.ingest.merge_batches import merge_batches
from jobs.intake.batches import Batches
from jobs.intake.doors import JSON_LINES_GZ, STREAM
from jobs.intake.manifest import Manifest, ManifestFile
from jobs.lake.creation import create_ops_tables
from jobs.lake.names import Lake
from jobs.lineage.events_log import LineageLog
from lambdas.forwarder.objects import raw_objects
from tests.builders import transaction
from tests.job_costs import Cost, Meter

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_STREAM: Final = "arn:aws:dynamodb:us-east-1:123456789012:table/glueline-{}/stream/2026-11-24"
_FIRST: Final = 10**20
_numbers = count(1)


class WrongMerge(AssertionError):
    """Raised when a merge has not added the rows of its batch."""


@dataclass(slots=True)
class SmallBatches:
    """New buckets `raw` and `lake`, new databases, and a meter of the jobs' session."""

    meter: Meter
    s3: "S3Client"
    lake: Lake

    def __post_init__(self) -> None:
        for bucket in ("raw", "lake"):
            self.s3.create_bucket(Bucket=bucket)
        for database in (self.lake.database, self.lake.ops_database):
            self.meter.spark.sql(f"CREATE NAMESPACE {self.lake.catalog}.{database}")
        create_ops_tables(self.meter.spark, self.lake)

    def batch(
        self, contracts: Sequence[Contract], rows: int, days: int = 1, *, folder: Path | None = None
    ) -> Mapping[str, Cost]:
        """What each step costs: check and merge of a batch with so many new rows of each contract.

        With a folder of contracts, each step finds them there as a run does, and reads those that it uses.
        """
        spark, by_name = self.meter.spark, {contract.dataset: contract for contract in contracts}

        def known() -> Mapping[str, Contract]:
            return by_name if folder is None else ContractsOnDemand(folder)

        manifest = self._land(list(by_name), rows, days)
        lineage = LineageLog(self.s3, "lake", "glueline/few", "us-east-1", self.lake.database)
        batches = Batches(self.s3, "lake", lineage=lineage)
        batches.open(manifest)
        check = self.meter.measure(lambda: check_batch(spark, self.lake, batches, manifest, known()))
        before = [spark.table(self.lake.table(name)).count() for name in by_name]
        merge = self.meter.measure(lambda: merge_batches(spark, self.lake, batches, known()))
        after = [spark.table(self.lake.table(name)).count() for name in by_name]
        if after != [number + rows for number in before]:
            raise WrongMerge(f"expected {rows} more rows in each table than {before}, got {after}")
        return {"check": check, "merge": merge}

    def _land(self, datasets: Sequence[str], rows: int, days: int) -> Manifest:
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


def _record(dataset: str, day: int) -> dict[str, Any]:
    number = next(_numbers)
    sold = datetime(2017, 1, 1 + day, 11, 53, 26, tzinfo=UTC)
    changed = datetime(2017, 3, 1, tzinfo=UTC) + timedelta(seconds=number)
    row = transaction(
        basket_id=number, transaction_timestamp=sold.isoformat(), updated_at=changed.isoformat()
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
            "NewImage": {**texts, **numbers, "_key": {"S": key}, "_version": {"N": str(number)}},
            "SequenceNumber": str(_FIRST + number),
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
    }
