"""Two jobs write to one table: the later commit conflicts, and neither job fails or retries forever."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]
from pyspark.errors import AnalysisException
from pyspark.sql import functions as F

from jobs.lake.conflicts import MAINTENANCE_COMMITS, retry_conflicts, skip_on_conflict
from jobs.lake.iceberg import call_procedure, current_table
from jobs.lake.names import BATCHES, Lake
from jobs.maintenance import compaction
from jobs.maintenance.compaction import compact

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

pytestmark = pytest.mark.usefixtures("small_data_spark")
PATIENCE = 60  # seconds, of a test that waits for another thread


@pytest.fixture
def table(spark: "SparkSession", lake: Lake) -> str:
    """A table with so many small files that compaction is due."""
    name = lake.ops(BATCHES)
    for number in range(5):
        spark.sql(f"INSERT INTO {name} (batch_id, rows_read) VALUES ('{number}', 0)")
    return name


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """A file that opens the gate by its existence."""
    return tmp_path / "open"


def wait_for(gate: Path) -> Any:
    """A function of rows that returns them once the gate exists."""
    path = str(gate)

    def passing(value: str) -> str:
        deadline = time.monotonic() + PATIENCE
        while not Path(path).exists():
            if time.monotonic() > deadline:
                raise TimeoutError(path)
            time.sleep(0.02)
        return value

    return F.udf(lambda value: passing(value), "string")  # noqa: PLW0108 -- annotations mean more to Spark


def until(condition: Any) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def active_jobs(spark: "SparkSession") -> int:
    return len(spark.sparkContext.statusTracker().getActiveJobsIds())


def rows(spark: "SparkSession", table: str) -> dict[str, int]:
    return {row["batch_id"]: row["rows_read"] for row in spark.table(table).collect()}


def test_a_merge_that_conflicts_with_a_compaction_is_repeated(
    spark: "SparkSession", table: str, gate: Path
) -> None:
    attempts: list[int] = []
    source: DataFrame = spark.range(0, 5, 1, 1).select(wait_for(gate)(F.col("id").cast("string")).alias("id"))

    def merge() -> None:
        attempts.append(len(attempts))
        spark.sql(
            f"MERGE INTO {table} t USING {{source}} s ON t.batch_id = s.id "
            "WHEN MATCHED THEN UPDATE SET rows_read = rows_read + 1",
            source=source,
        )

    with ThreadPoolExecutor(1) as pool:
        merging = pool.submit(retry_conflicts, merge)
        until(lambda: active_jobs(spark) == 1)
        (done,) = compact(spark, table)
        gate.touch()
        merging.result()

    assert (done.files_before, done.files_after) == (5, 1)
    assert attempts == [0, 1]
    assert rows(spark, table) == {str(number): 1 for number in range(5)}


def test_a_compaction_yields_to_a_job_that_writes_to_its_files(
    spark: "SparkSession",
    table: str,
    gate: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    blocked = spark.range(0, 2, 1, 2).select(wait_for(gate)(F.col("id").cast("string")))
    jvm: Any = spark._jvm
    gone = jvm.org.apache.iceberg.expressions.Expressions.equal("batch_id", "0")

    def call_while_another_job_commits(*arguments: Any) -> Any:
        with ThreadPoolExecutor() as pool:
            holding_all_cores = pool.submit(blocked.collect)
            until(lambda: active_jobs(spark) == 1)
            called = pool.submit(call_procedure, *arguments)
            until(lambda: active_jobs(spark) == 2)  # planned, and waiting for a core
            current_table(spark, table).newDelete().deleteFromRowFilter(gone).commit()
            gate.touch()
            holding_all_cores.result()
            return called.result()

    monkeypatch.setattr(compaction, "call_procedure", call_while_another_job_commits)

    assert list(compact(spark, table)) == []
    assert "another job has written to the same files: the next run rewrites them" in capsys.readouterr().out
    assert len(rows(spark, table)) == 4  # what the other job did stays done

    monkeypatch.undo()
    spark.sql(f"INSERT INTO {table} (batch_id) VALUES ('5')")
    assert [one.files_after for one in compact(spark, table)] == [1]


def conflict(spark: "SparkSession", table: str) -> Any:
    """Raise what Iceberg raises if the table is not the one that a commit is based on."""
    operations = current_table(spark, table).operations()
    return operations.commit(None, operations.current())


def test_maintain_leaves_a_step_to_its_next_run_after_two_conflicts(
    spark: "SparkSession", table: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert skip_on_conflict(lambda: conflict(spark, table)) is None
    assert [json.loads(line)["message"] for line in capsys.readouterr().out.splitlines()] == [
        "conflict with another job's commit: trying again",
        "conflict with another job's commit: left to the next run",
    ]


def test_merge_makes_more_attempts_than_maintain_makes_commits_and_no_more(
    spark: "SparkSession", table: str
) -> None:
    attempts: list[int] = []

    def conflicting(times: int) -> str:
        attempts.append(len(attempts))
        return conflict(spark, table) if len(attempts) <= times else "committed"

    assert retry_conflicts(lambda: conflicting(MAINTENANCE_COMMITS)) == "committed"
    attempts.clear()
    with pytest.raises(Py4JJavaError):
        retry_conflicts(lambda: conflicting(MAINTENANCE_COMMITS + 1))
    assert len(attempts) == MAINTENANCE_COMMITS + 1


def test_an_error_that_is_not_a_conflict_is_not_retried(spark: "SparkSession", lake: Lake) -> None:
    attempts: list[int] = []

    def fail() -> None:
        attempts.append(len(attempts))
        spark.table(lake.ops("nothing"))

    with pytest.raises(AnalysisException):
        skip_on_conflict(fail)
    assert len(attempts) == 1
