"""The jobs as Glue runs them, on S3 and SQS: what landed is in the tables or in quarantine, and adds up."""

import gzip
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pytest

from jobs.ingest import check_batch
from jobs.ingest.failures import RunFailed
from jobs.intake import queue
from jobs.intake.batches import CHECKED, MERGED, Batches
from jobs.lake.names import BATCHES, QUALITY_RESULTS, Lake
from tests.builders import product, transaction
from tests.crashing import crash_at
from tests.jobs.builders import record
from tests.jobs.job_runs import Land, Run, quarantined

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.usefixtures("small_data_spark")


NAMES = (
    "product_id",
    "manufacturer_id",
    "department",
    "brand",
    "product_category",
    "product_type",
    "package_size",
)
PRODUCTS = [
    product(product_id=1),
    product(product_id=2, package_size=None),
    product(product_id=3, brand="Unknown"),
    product(product_id="four"),
]


def csv(rows: Sequence[dict[str, Any]]) -> bytes:
    lines = [",".join("" if row[name] is None else str(row[name]) for name in NAMES) for row in rows]
    return "\n".join([",".join(NAMES), *lines]).encode()


def stream(*rows: dict[str, Any]) -> bytes:
    records = [
        record(
            "INSERT",
            f"{row['basket_id']},{row['product_id']}",
            new={
                name: {"S": value} if isinstance(value, str) else {"N": str(value)}
                for name, value in row.items()
            },
            number=number,
        )
        for number, row in enumerate(rows, 1)
    ]
    return gzip.compress("\n".join(map(json.dumps, records)).encode())


def counted(spark: "SparkSession", lake: Lake) -> dict[str, tuple[int, int, int]]:
    """File -> rows read, accepted, quarantined."""
    return {
        row["source_file"].rpartition("/")[2]: (row["rows_read"], row["accepted"], row["quarantined"])
        for row in spark.table(lake.ops(BATCHES)).collect()
    }


def product_ids(spark: "SparkSession", table: str) -> list[int]:
    return sorted(row["product_id"] for row in spark.table(table).select("product_id").collect())


def test_all_that_lands_is_in_the_tables_or_in_quarantine_and_adds_up(
    spark: "SparkSession", lake: Lake, batches: Batches, land: Land, run: Run
) -> None:
    land("drops/products/good.csv", csv(PRODUCTS))
    land("drops/products/cut.csv.gz", gzip.compress(csv(PRODUCTS) * 9)[:-9])
    land("drops/products/empty.csv", b"")
    lines = transaction(), transaction(week=77, product_id=2)
    land("stream/transactions/2026/11/24/12/a.jsonl.gz", stream(*lines))
    land("drops/unknown/a.csv", b"a\n")

    run("check", "wr")
    run("merge", "wr")

    assert product_ids(spark, lake.table("products")) == [1, 2]
    assert spark.table(lake.table("transactions")).count() == 1
    assert quarantined(spark, lake) == {
        ("products", "brand.known"): 1,
        ("products", "type"): 1,
        ("products", "gzip"): 1,
        ("transactions", "week.range"): 1,
        (None, "intake"): 1,
    }
    assert counted(spark, lake) == {
        "good.csv": (4, 2, 2),
        "cut.csv.gz": (1, 0, 1),
        "empty.csv": (0, 0, 0),
        "a.jsonl.gz": (2, 1, 1),
        "a.csv": (1, 0, 1),
    }
    results = spark.table(lake.ops(QUALITY_RESULTS)).select("dataset", "success").collect()
    assert sorted(tuple(row) for row in results) == [("products", False), ("transactions", False)]
    assert (batches.begun(), batches.steps("wr")) == ([], {"manifest.json", CHECKED, MERGED})
    docs = batches.s3.list_objects_v2(Bucket="lake", Prefix="quality/docs/")["Contents"]
    assert "quality/docs/index.html" in [page["Key"] for page in docs]


def test_files_that_cannot_be_read_because_of_aws_are_read_again_by_the_next_run(
    spark: "SparkSession", lake: Lake, s3: "S3Client", land: Land, run: Run
) -> None:
    land("drops/products/a.csv", csv([product()]))
    s3.delete_object(Bucket="raw", Key="drops/products/a.csv")
    s3.delete_bucket(Bucket="raw")

    message = (
        r"check: products failed, .* products \(batch wr1, AWS failed, attempt 1\): Retryable.*NoSuchBucket"
    )
    with pytest.raises(RunFailed, match=message):
        run("check", "wr1")
    s3.create_bucket(Bucket="raw")
    s3.put_object(Bucket="raw", Key="drops/products/a.csv", Body=csv([product()]))
    run("check", "wr2")

    assert counted(spark, lake) == {"a.csv": (1, 1, 0)}


def test_with_nothing_in_the_queue_there_is_no_batch(batches: Batches, run: Run) -> None:
    run("check", "wr")
    run("merge", "wr")

    assert (batches.begun(), batches.steps("wr")) == ([], set())


def test_a_check_that_crashes_after_one_append_after_another_ends_as_if_it_had_not(
    spark: "SparkSession", lake: Lake, land: Land, run: Run
) -> None:
    land("drops/products/good.csv", csv(PRODUCTS))

    for append in ("append_changes", "append_quarantine", "append_results"):
        with crash_at(check_batch, append, "after"):
            run("check", "wr")
    run("check", "wr")
    run("merge", "wr")

    assert (
        product_ids(spark, lake.changes("products")) == product_ids(spark, lake.table("products")) == [1, 2]
    )
    assert quarantined(spark, lake) == {("products", "brand.known"): 1, ("products", "type"): 1}
    assert counted(spark, lake) == {"good.csv": (4, 2, 2)}


def test_a_version_that_was_replaced_before_it_was_read_is_counted_apart_and_refuses_nothing(
    spark: "SparkSession", lake: Lake, land: Land, run: Run
) -> None:
    for brand in ("Private", "National", "Private"):
        land("drops/products/a.csv", csv([product(product_id=1, brand=brand), product(product_id="x")]))
    land("drops/products/b.csv", csv([product(product_id=2)]))

    run("check", "wr")

    rows = spark.table(lake.ops(BATCHES)).orderBy("source_file").collect()
    assert [(row["rows_read"], row["accepted"], row["quarantined"], row["superseded"]) for row in rows] == [
        (2, 1, 1, 1),  # the first and the last version are the same bytes
        (1, 1, 0, 0),
    ]
    assert quarantined(spark, lake) == {("products", "type"): 1}


def test_counts_of_an_earlier_version_are_appended_to(
    spark: "SparkSession", lake: Lake, land: Land, run: Run
) -> None:
    spark.sql(f"ALTER TABLE {lake.ops(BATCHES)} DROP COLUMN superseded")
    land("drops/products/b.csv", csv([product(product_id=2)]))

    run("check", "wr")

    assert [row["superseded"] for row in spark.table(lake.ops(BATCHES)).collect()] == [0]


def test_messages_that_were_read_but_not_deleted_change_nothing_when_they_come_again(
    spark: "SparkSession", lake: Lake, land: Land, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    land("drops/products/good.csv", csv(PRODUCTS))
    with monkeypatch.context() as patch, crash_at(queue, "delete"):
        patch.setattr(queue, "HIDDEN_SECONDS", 0)
        receive = queue.receive_all
        patch.setattr(queue, "receive_all", lambda sqs, url, most: receive(sqs, url, 1))
        run("check", "wr1")

    run("check", "wr2")
    run("merge", "wr2")

    batches = [row["batch_id"] for row in spark.table(lake.ops(BATCHES)).collect()]
    assert sorted(batches) == ["wr1", "wr2"]
    assert product_ids(spark, lake.table("products")) == [1, 2]


def test_the_log_leads_from_an_object_to_its_batch_and_on_to_the_merge(
    lake: Lake, land: Land, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    land("drops/products/good.csv", csv(PRODUCTS))

    run("check", "wr")
    run("merge", "wr")

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    [checked] = [line for line in lines if line["message"] == "file checked"]
    del checked["timestamp"]
    assert checked == {
        "message": "file checked",
        "batch_id": "wr",
        "dataset": "products",
        "source_file": "s3://raw/drops/products/good.csv",
        "door": "drop",
        "rows_read": 4,
        "accepted": 2,
        "quarantined": 2,
        "superseded": 0,
        "erased": 0,
    }
    assert [line["batch_id"] for line in lines if line["message"] == "batch merged"] == ["wr"]
