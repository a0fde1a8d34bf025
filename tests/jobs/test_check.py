"""The jobs as Glue runs them, on S3 and SQS: what landed is in the tables or in quarantine, and adds up."""

import gzip
import json
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from expectations.contract import Contract
from expectations.odcs import load_contract
from jobs import check, merge
from jobs.ingest import check_batch
from jobs.ingest.failures import RunFailed
from jobs.intake import queue
from jobs.intake.batches import CHECKED, MERGED, Batches
from jobs.lake.names import BATCHES, QUALITY_RESULTS, QUARANTINE, Lake
from tests.builders import product, transaction
from tests.crashing import crash_at
from tests.expectations.contract_files import write
from tests.jobs.builders import object_created, record
from tests.jobs.job_runs import job_arguments, run_job
from workflows.contracts import check as contract_check

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.usefixtures("small_data_spark")

type Run = Callable[[str, str], None]
type Land = Callable[[str, bytes], None]

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


@pytest.fixture
def land(s3: "S3Client", sqs: "SQSClient", queue_url: str) -> Land:
    """Put an object into the RAW bucket, and announce it."""

    def land(key: str, body: bytes) -> None:
        etag = s3.put_object(Bucket="raw", Key=key, Body=body)["ETag"]
        message = object_created(key, etag=etag, size=len(body))
        sqs.send_message(QueueUrl=queue_url, MessageBody=message)

    return land


@pytest.fixture
def run(spark: "SparkSession", lake: Lake, batches: Batches, queue_url: str) -> Run:
    """Run a job in a run of the workflow with that id."""
    return lambda job, run_id: run_job(job, job_arguments(lake, queue_url, run_id))


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


def quarantined(spark: "SparkSession", lake: Lake) -> Counter[tuple[str | None, str]]:
    rows = spark.table(lake.ops(QUARANTINE)).select("dataset", "reasons").collect()
    return Counter((row["dataset"], reason.partition(":")[0]) for row in rows for reason in row["reasons"])


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
        r"check: products failed, .* products \(batch wr1, AWS failed, attempt 1\): Passing.*NoSuchBucket"
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
        patch.setattr(queue, "receive_all", partial(queue.receive_all, most=1))
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


ODD = """\
apiVersion: v3.1.0
kind: DataContract
id: urn:test:odd
version: 1.0.0
status: active
schema:
  - name: select
    logicalType: object
    description: "It's a \\"table\\" {source} ${env:HOME} $1"
    properties:
      - {name: order, logicalType: integer, primaryKey: true, required: true}
      - name: "null"
        logicalType: string
        required: true
        description: "'{}' ${x}"
        logicalTypeOptions: {pattern: '^[^\\d\\s]+$', maxLength: 9}
        customProperties:
          - {property: aliases, value: ["Unit (kg", "it's", "a.b[0]*", "x\\\"y", "$1 {b}"]}
          - {property: default, value: "o'k"}
      - name: value
        logicalType: string
        quality:
          - name: "one of '{a}' \\"b\\" $c: d"
            metric: invalidValues
            arguments: {validValues: ["it's", "{source}", "$1", 'a\\b']}
            mustBe: 0
            description: "${a} {b} 'c'"
          - name: mostly
            metric: invalidValues
            arguments: {pattern: "^['{}$a-z\\\\\\\\1]+$"}
            mustBeLessOrEqualTo: 3
      - {name: current_date, logicalType: date, required: true, partitioned: true, customProperties: [
          {property: partitionTransform, value: months}]}
      - {name: t, logicalType: number, physicalType: "decimal(5,2)", quality: [
          {metric: invalidValues, arguments: {validValues: [0.1, 2]}, mustBe: 0}]}
    quality:
      - {name: pairs, metric: duplicateValues, arguments: {properties: ["null", value]}, mustBeLessThan: 5}
"""
ODD_ROWS = (
    b"order,Unit (kg,value,current_date,t\n"
    b"1,a,it's,2026-01-01,0.10\n"
    b"2,b,{source},2026-01-02,2\n"
    b"3,c,other,2026-01-02,2\n"
    b"4,d 1,$1,2026-01-02,2\n"
    b"5,e,$1,2026-01-02,3\n"
)


@pytest.fixture
def odd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Contract:
    """The one contract that jobs find."""
    contract = load_contract(write(tmp_path, ODD, "select"))
    for job in (check, merge):
        monkeypatch.setattr(job, "load_contracts", lambda: {contract.dataset: contract})
    return contract


def test_any_text_that_a_contract_may_hold_goes_through_both_jobs(
    spark: "SparkSession", lake: Lake, run: Run, land: Land, odd: Contract
) -> None:
    contract_check.check({odd.dataset: odd})
    land("drops/select/odd.csv", ODD_ROWS)
    land("drops/select/default.jsonl", b'{"order": 6, "current_date": "2026-02-01"}\n')

    run("check", "wr_1")
    run("merge", "wr_1")

    rows = spark.table(lake.table("`select`")).select("order", "null", "value").collect()
    assert sorted(tuple(row) for row in rows) == [(1, "a", "it's"), (2, "b", "{source}"), (6, "o'k", None)]
    broken = ("one of '{a}' \"b\" $c", "null.pattern", "t.invalidValues")
    assert quarantined(spark, lake) == Counter(("select", rule) for rule in broken)
