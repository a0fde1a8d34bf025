"""All hostile files in one batch of `check`, with good files between them: each row ends as it must."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import boto3
import pytest

from expectations.timestamps import micros_of
from jobs.lake.creation import create_ops_tables
from jobs.lake.names import BATCHES, QUARANTINE, Lake
from jobs.runtime.s3 import s3_client
from tests.hostile.announcements import REFUSED_ANNOUNCEMENTS, REFUSED_KEYS
from tests.hostile.binary_drops import BINARY_DROPS
from tests.hostile.drops import GOOD, HostileFile
from tests.hostile.text_drops import TEXT_DROPS, TIMES
from tests.jobs.builders import SENT, object_created
from tests.jobs.job_runs import job_arguments, run_job

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

NEIGHBOURS = [
    HostileFile(f"neighbour{number}.csv", "nothing", (1, 2), {}, GOOD.encode()) for number in range(3)
]
ALL_FILES = [NEIGHBOURS[0], *TEXT_DROPS, NEIGHBOURS[1], *BINARY_DROPS, NEIGHBOURS[2]]


class Checked(NamedTuple):
    """The result of one run of `check` over all files, by source file."""

    counts: dict[str, tuple[int, int, int]]  # rows read, accepted, quarantined
    accepted: dict[str, set[int]]
    quarantined: dict[str, dict[int | None, list[str]]]
    instants: dict[int, int]  # row of the file of times -> microseconds since the epoch
    refused: dict[str, list[str]]


def source_file(file: HostileFile) -> str:
    return f"s3://hostile-raw/drops/{file.dataset}/{file.name}"


@pytest.fixture(scope="module")
def checked(spark: "SparkSession") -> Iterator[Checked]:
    s3, sqs = boto3.client("s3"), boto3.client("sqs")
    for name in ("hostile-raw", "hostile-lake"):
        s3.create_bucket(Bucket=name)
    queue = sqs.create_queue(QueueName="hostile-intake")["QueueUrl"]
    lake = Lake("hostile_lake", "hostile_ops")
    for database in (lake.database, lake.ops_database):
        spark.sql(f"CREATE NAMESPACE {lake.catalog}.{database}")
    create_ops_tables(spark, lake)
    for number, file in enumerate(ALL_FILES):
        key = f"drops/{file.dataset}/{file.name}"
        etag = s3.put_object(Bucket="hostile-raw", Key=key, Body=file.content)["ETag"]
        at = (SENT + timedelta(seconds=number)).isoformat()  # so that no file's rows are another's
        announced = object_created(key, bucket="hostile-raw", etag=etag, size=len(file.content), time=at)
        sqs.send_message(QueueUrl=queue, MessageBody=announced)
    for announced in [*map(object_created, REFUSED_KEYS), *REFUSED_ANNOUNCEMENTS]:
        sqs.send_message(QueueUrl=queue, MessageBody=announced)
    s3_client.cache_clear()

    run_job("check", job_arguments(lake, queue, "wr_hostile", raw="hostile-raw", lake_bucket="hostile-lake"))

    yield outcome(spark, lake)
    s3_client.cache_clear()


def outcome(spark: "SparkSession", lake: Lake) -> Checked:
    accepted: dict[str, set[int]] = defaultdict(set)
    for dataset in ("products", "transactions"):
        for row in spark.table(lake.changes(dataset)).select("_event_id").collect():
            name, _, number = row["_event_id"].rpartition("#")
            accepted[name].add(int(number))
    quarantined: dict[str, dict[int | None, list[str]]] = defaultdict(dict)
    refused: dict[str, list[str]] = {}
    for row in spark.table(lake.ops(QUARANTINE)).collect():
        if row["dataset"] is None:
            refused[row["payload"]] = row["reasons"]
        else:
            quarantined[row["source_file"]][row["row_number"]] = row["reasons"]
    sold = spark.table(lake.changes("transactions")).selectExpr("product_id", "unix_micros(updated_at) as at")
    return Checked(
        {
            row["source_file"]: (row["rows_read"], row["accepted"], row["quarantined"])
            for row in spark.table(lake.ops(BATCHES)).where("dataset is not null").collect()
        },
        accepted,
        quarantined,
        {row["product_id"]: row["at"] for row in sold.collect()},
        refused,
    )


@pytest.mark.parametrize("file", ALL_FILES, ids=[file.name for file in ALL_FILES])
def test_each_row_is_taken_or_refused_with_its_reason_and_the_file_adds_up(
    checked: Checked, file: HostileFile
) -> None:
    name = source_file(file)
    rows = len(file.accepted), len(file.rejected)

    reasons = checked.quarantined[name]

    assert checked.accepted[name] == set(file.accepted)
    assert {
        row: told[: len(file.rejected.get(row, ""))] for row, (told, *_) in reasons.items()
    } == file.rejected
    assert all(len(told) == 1 and len(told[0]) < 1000 for told in reasons.values())
    assert checked.counts[name] == (sum(rows), *rows)


def test_times_are_taken_as_the_instants_they_name(checked: Checked) -> None:
    assert checked.instants == {
        row: micros_of(instant) for row, (_, instant) in enumerate(TIMES.values(), 1) if instant
    }


@pytest.mark.parametrize("body", [*map(object_created, REFUSED_KEYS), *REFUSED_ANNOUNCEMENTS],
                         ids=[*REFUSED_KEYS.values(), *REFUSED_ANNOUNCEMENTS.values()])  # fmt: skip
def test_what_no_door_takes_is_kept_with_a_reason(checked: Checked, body: str) -> None:
    (reason,) = checked.refused[body]

    assert reason.startswith("intake: expected ")
    assert len(reason) < 1000


def test_there_are_sixty_files_and_more() -> None:
    names = {file.name for file in ALL_FILES}

    assert len(names) == len(ALL_FILES) >= 60 + len(NEIGHBOURS)
