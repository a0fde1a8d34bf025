"""What the console asks the stack: bookkeeping tables, objects of batches, queues, alarms, Iceberg metadata.

No dataset's table is scanned here. An answer is kept for a few seconds, so that the parts of a page that need
the same share one request.
"""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from jobs.intake.batches import CHECKED, MANIFEST, MERGED
from jobs.intake.manifest import Manifest
from jobs.intake.results import CheckedBatch
from workflows.analysts.datasets import load_datasets
from workflows.console import statements
from workflows.console.views import batches as batch_views
from workflows.console.views.values import SEPARATOR, moment
from workflows.operations import batches, dead_letters
from workflows.progress import job_runs
from workflows.query import literals
from workflows.query.catalog import lake_catalog, load_table
from workflows.query.dialect.errors import NoSuchTable
from workflows.query.lineage import read_steps
from workflows.query.sql import query, rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from expectations.contract import Contract
    from workflows.analysts.datasets import Dataset
    from workflows.operations.batches import Batch
    from workflows.operations.dead_letters import DeadLetter
    from workflows.query.lineage import Step
    from workflows.stack.target import Target

KEPT_SECONDS: Final = 5.0
CONTRACTS_KEPT_SECONDS: Final = 30.0  # files, which change with a deployment
SHOWN_DAYS: Final = 14
QUEUES: Final = {
    "inbound": "InboundQueueUrl",
    "dead_letters": "DeadLetterQueueUrl",
    "intake": "IntakeQueueUrl",
}
MOST_BATCHES: Final = 500  # that are listed
FRESH_BATCHES: Final = 20  # of which the freshness is shown
MOST_DEAD_LETTERS: Final = 200
_AT_ONCE: Final = 12


class Readings:
    """Reads from one stack; safe to use from several threads."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self._kept: dict[str, tuple[float, Any]] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def forget(self) -> None:
        """Ask again from now on: an action has changed the stack."""
        with self._lock:
            self._kept.clear()

    def contracts(self) -> dict[str, Contract]:
        """The contracts of the stack. Raises ContractError."""
        return self._keep("contracts", self.target.contracts, CONTRACTS_KEPT_SECONDS)

    def day_counts(self) -> list[dict[str, Any]]:
        """Counts of each dataset and day of the last days (`statements.DAY_COUNTS`)."""
        return self.bookkeeping(statements.DAY_COUNTS)

    def batch_counts(self) -> list[dict[str, Any]]:
        """Counts of the newest batches of the last days, the newest first (`statements.BATCH_COUNTS`)."""
        return self.bookkeeping(statements.BATCH_COUNTS, conditions="", limit=str(MOST_BATCHES))

    def counts_of(self, batch_id: str) -> list[dict[str, Any]]:
        """The counts of one batch of the last days; none if it is older or not checked."""
        return self.bookkeeping(
            statements.BATCH_COUNTS, conditions=f" and batch_id = {literals.text(batch_id)}", limit="1"
        )

    def certificates(self) -> list[dict[str, Any]]:
        """The certificates of the last days, the newest first (`statements.CERTIFICATES`)."""
        return self.bookkeeping(statements.CERTIFICATES)

    def newest_certificates(self) -> list[dict[str, Any]]:
        """The newest certificate of each dataset, however old (`statements.NEWEST_CERTIFICATES`)."""
        return self.bookkeeping(statements.NEWEST_CERTIFICATES)

    def bookkeeping(self, sql: str, **parts: str) -> list[dict[str, Any]]:
        """The rows of a statement about `lake_ops`; none before its table exists.

        `parts` are further parts of the statement, in which all values are quoted.
        """
        since = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(days=SHOWN_DAYS)
        statement = sql.format(
            ops=self.target.output("OpsDatabase"),
            since=literals.instant(since),
            separator=f"'{SEPARATOR}'",
            **parts,
        )
        return self._keep(statement, lambda: self._rows(statement))

    def _rows(self, statement: str) -> list[dict[str, Any]]:
        try:
            return rows(query(self.target, statement))
        except NoSuchTable:  # before the first batch, or the first comparison
            return []

    def table_rows(self, datasets: Iterable[str]) -> dict[str, int | None]:
        """The number of rows of each dataset's table, from its metadata; None if there is no table yet."""
        names = tuple(datasets)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            found = pool.map(lambda name: self._keep(f"rows {name}", lambda: self._table_rows(name)), names)
            return dict(zip(names, found, strict=True))

    def _table_rows(self, dataset: str) -> int | None:
        try:
            catalog = self._keep("catalog", lambda: lake_catalog(self.target))
            table = load_table(catalog, self.target.output("LakeDatabase"), dataset)
        except NoSuchTable:
            return None
        snapshot = table.current_snapshot()
        if snapshot is None or snapshot.summary is None:
            return 0
        counted = snapshot.summary.additional_properties
        return int(counted.get("total-records", 0)) - int(counted.get("total-position-deletes", 0))

    def unmerged(self) -> list[Batch]:
        """The batches that are open, failing or set aside."""
        return self._keep("unmerged", lambda: batches.unmerged(self.target))

    def depths(self) -> dict[str, int]:
        """The number of messages in each queue, with those that are being processed."""
        return self._keep("depths", lambda: {name: self._depth(output) for name, output in QUEUES.items()})

    def _depth(self, output: str) -> int:
        counts = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.target.client("sqs").get_queue_attributes(
            QueueUrl=self.target.output(output), AttributeNames=counts
        )["Attributes"]
        return sum(int(found[name]) for name in counts)

    def failed_jobs(self) -> dict[str, str]:
        """The error of each job whose newest run did not succeed."""
        return self._keep("jobs", lambda: job_runs.failed_jobs(self.target))

    def alarms(self) -> list[dict[str, Any]]:
        """The stack's alarms, which send to its own topic."""
        prefix, topic = self.target.output("TablePrefix"), self.target.output("AlertTopicArn")

        def read() -> list[dict[str, Any]]:
            pages = self.target.client("cloudwatch").get_paginator("describe_alarms")
            return [
                alarm
                for page in pages.paginate(AlarmNamePrefix=prefix)
                for alarm in page["MetricAlarms"]
                if topic in alarm["AlarmActions"]
            ]

        return self._keep("alarms", read)

    def dead_letters(self) -> list[DeadLetter]:
        """The first dead letters, which stay in the queue. They are hidden from others while it is read."""
        sqs, queue = self.target.client("sqs"), self.target.output("DeadLetterQueueUrl")
        found: list[DeadLetter] = []
        try:
            for some in dead_letters.receive(sqs, queue, datetime.now(UTC)):
                found += some
                if len(found) >= MOST_DEAD_LETTERS:
                    break
        finally:
            dead_letters.put_back(sqs, queue, (one.receipt for one in found))
        return found

    def freshness(self) -> dict[str, list[float]]:
        """By dataset, the seconds from landing to merge of the files of the newest batches."""
        lines = batch_views.batch_lines(self.batch_counts())
        newest = [line.batch_id for line in lines[:FRESH_BATCHES]]
        found: dict[str, list[float]] = {}
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for manifest, times in pool.map(self.batch_times, newest):
                if manifest is not None and times.merged is not None:
                    for dataset, seconds in batch_views.freshness(manifest, times.merged).items():
                        found.setdefault(dataset, []).extend(seconds)
        return found

    def batch_times(self, batch_id: str) -> tuple[Manifest | None, batch_views.Times]:
        """A batch's manifest, None if it is gone, and its times."""
        texts = self._objects(batch_id)
        manifest = Manifest.from_json(text) if (text := texts[MANIFEST]) else None
        merged = json.loads(text).get("merged_at") if (text := texts[MERGED]) else None
        checked = self.checked(batch_id)
        return manifest, batch_views.times(manifest, checked.checked_at if checked else None, merged)

    def lineage(self, batch_id: str) -> list[Step]:
        """What the steps of a batch read and wrote, the oldest first; none if it is not kept."""
        return self._keep(f"lineage {batch_id}", lambda: read_steps(self.target, batch_id))

    def datasets(self) -> list[Dataset]:
        """The contracts of the stack with the roles of their columns. Raises ContractError."""
        folder = self.target.deployed_contracts
        return self._keep("datasets", lambda: load_datasets(folder), CONTRACTS_KEPT_SECONDS)

    def checked(self, batch_id: str) -> CheckedBatch | None:
        """The counts of a batch that is checked."""
        text = self._objects(batch_id)[CHECKED]
        return CheckedBatch.from_json(text) if text else None

    def _objects(self, batch_id: str) -> dict[str, str | None]:
        bucket, names = self.target.output("LakeBucket"), (MANIFEST, CHECKED, MERGED)

        def read() -> dict[str, str | None]:
            return {name: self.text(bucket, f"batches/{batch_id}/{name}") for name in names}

        return self._keep(f"batch {batch_id}", read)

    def text(self, bucket: str, key: str) -> str | None:
        """The text of an object; None if there is none."""
        try:
            body = self.target.client("s3").get_object(Bucket=bucket, Key=key)["Body"]
        except ClientError as error:
            if error.response["Error"]["Code"] in ("NoSuchKey", "404"):
                return None
            raise
        return str(body.read().decode("utf-8", "replace"))

    def newest_check(self) -> datetime | None:
        """When a batch was last checked."""
        times = [at for one in self.batch_counts() if (at := moment(one["checked_at"]))]
        return max(times, default=None)

    def _drop_old(self, now: float) -> None:
        """Forget answers that nobody gets any more: there are many batches, and statements name hours."""
        for name in [one for one, kept in self._kept.items() if now - kept[0] > CONTRACTS_KEPT_SECONDS]:
            del self._kept[name]

    def _keep[Answer](self, name: str, read: Callable[[], Answer], seconds: float | None = None) -> Answer:
        """The answer that is kept under the name or, if it is old, a new one; others wait for it."""
        with self._lock:
            lock = self._locks.setdefault(name, threading.Lock())
        with lock:
            kept = self._kept.get(name)
            if kept is None or time.monotonic() - kept[0] > (KEPT_SECONDS if seconds is None else seconds):
                kept = (time.monotonic(), read())
                with self._lock:
                    self._drop_old(kept[0])
                    self._kept[name] = kept
            answer: Answer = kept[1]
            return answer
