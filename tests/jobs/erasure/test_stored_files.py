"""Files of tables, in S3 or a folder: their rows are counted by key or payload."""

import io
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from expectations.contract import Column, Contract
from jobs.erasure.keys import ErasedKeys
from jobs.erasure.stored_files import (
    UnknownFile,
    count_by_key,
    count_by_payload,
    remove,
    rows_in_file,
    rows_in_files,
    stored_files,
)
from tests.jobs.builders import ENTITIES

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from pyspark.sql import SparkSession

SEVEN = ErasedKeys.of(ENTITIES, ["7"])
MARKS = Contract(
    dataset="marks",
    version="1.0.0",
    description="A key of several kinds.",
    columns=(Column("name", "string"), Column("amount", "decimal(10,2)"), Column("seen_at", "timestamp"),
             Column("day", "date")),
    key=("name", "amount", "seen_at", "day"),
)  # fmt: skip


def parquet(**columns: Any) -> bytes:
    content = io.BytesIO()
    pq.write_table(pa.table(columns), content, row_group_size=100)
    return content.getvalue()


@pytest.fixture
def in_s3(s3: "S3Client") -> str:
    """A table's folder in S3, with a file with the key and one without."""
    for name, first in (("a", 0), ("b", 500)):
        body = parquet(id=range(first, first + 500), name=[f"name {first + n}" for n in range(500)])
        s3.put_object(Bucket="lake", Key=f"warehouse/t/data/{name}.parquet", Body=body)
    for other in ("warehouse/t/metadata/v1.json", "warehouse/t2/data/c.parquet"):
        s3.put_object(Bucket="lake", Key=other, Body=b"x")
    return "s3://lake/warehouse/t"


def test_the_files_below_a_location_are_listed_and_no_others(in_s3: str, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.parquet").write_bytes(b"")

    assert [file.path for file in stored_files(in_s3)] == [f"{in_s3}/data/{name}.parquet" for name in "ab"]
    for location in (str(tmp_path), f"file:{tmp_path}"):
        [file] = stored_files(location)
        assert file.path == str(tmp_path / "data" / "a.parquet")
        assert abs((datetime.now(UTC) - file.written_at).total_seconds()) < 60


def test_rows_are_counted_in_the_files_themselves(spark: "SparkSession", in_s3: str) -> None:
    paths = [file.path for file in stored_files(in_s3)]
    keys = ErasedKeys.of(ENTITIES, ["7", "8", "5000"])

    counted = rows_in_files(
        spark, [*paths, f"{in_s3}/data/gone.parquet"], lambda file: count_by_key(keys, file)
    )

    assert counted == {paths[0]: 2}
    assert rows_in_files(spark, [], lambda file: 1) == {}


def test_removing_a_file_that_is_gone_is_no_error(in_s3: str, tmp_path: Path) -> None:
    here = tmp_path / "a.parquet"
    here.write_bytes(b"")
    for path in (f"{in_s3}/data/a.parquet", str(here)):
        remove(path)
        remove(path)

    assert [file.path for file in stored_files(in_s3)] == [f"{in_s3}/data/b.parquet"]
    assert not here.exists()


def test_a_row_counts_if_all_columns_of_the_key_match(tmp_path: Path) -> None:
    seen, later = (datetime(2026, 11, 24, hour, tzinfo=UTC) for hour in (12, 13))
    body = parquet(
        name=["a", "a", "b", "a"],
        amount=pa.array([Decimal("1.50")] * 4, pa.decimal128(10, 2)),
        seen_at=pa.array([seen, later, seen, seen], pa.timestamp("us", "UTC")),
        day=[seen.date()] * 4,
    )
    keys = ErasedKeys.of(
        MARKS, ["a,1.50,2026-11-24T12%3A00%3A00Z,2026-11-24", "b,1.50,2026-11-24T13%3A00%3A00Z,2026-11-24"]
    )

    assert count_by_key(keys, io.BytesIO(body)) == 2


def test_quarantined_rows_count_by_their_payload() -> None:
    body = parquet(
        dataset=["entities", "entities", "events", "entities", None],
        payload=['{"id": "7", "x": 1}', '["7", "Ann"]', '{"id": 7}', None, '{"id": 7}'],
    )

    assert count_by_payload(SEVEN, io.BytesIO(body)) == 2


def test_delete_files_have_no_rows_and_unknown_files_are_named(tmp_path: Path) -> None:
    deletes = parquet(file_path=["a"], pos=[1])
    odd = tmp_path / "odd.parquet"
    odd.write_bytes(parquet(identity=[7]))

    assert count_by_key(SEVEN, io.BytesIO(deletes)) == count_by_payload(SEVEN, io.BytesIO(deletes)) == 0
    with pytest.raises(UnknownFile, match=r"odd.parquet: expected the key columns of entities, id missing"):
        rows_in_file(str(odd), lambda file: count_by_key(SEVEN, file))
