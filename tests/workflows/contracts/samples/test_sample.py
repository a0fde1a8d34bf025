"""A sample is opened by its name, and read whole."""

import gzip
from pathlib import Path

import pytest

from tests.jobs.reading.formats.example_files import example
from tests.jobs.reading.formats.workbooks import of_rows
from workflows.contracts.samples.facts import DraftError
from workflows.contracts.samples.sample import columns_of, open_sample


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b"id,x\n1,a\n"),
        ("a.TSV", b"id\tx\n1\ta\n"),
        ("a.csv.gz", gzip.compress(b"id,x\n1,a\n")),
        ("a.json", b'[{"id": 1, "x": "a"}]'),
        ("a.csv.zip", example("csv.zip", ["id", "x"], [{"id": "1", "x": "a"}])),
        ("a.zip", example("csv.zip", ["id", "x"], [{"id": "1", "x": "a"}])),
        ("a.csv.zst", example("csv.zst", ["id", "x"], [{"id": "1", "x": "a"}])),
        ("a.xlsx", of_rows(["id", "x"], [1, "a"])),
        ("a.jsonl.gz", gzip.compress(b'{"id": 1, "x": "a"}\n')),
    ],
)
def test_columns_of_each_format(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    with open_sample(path) as sample:
        columns = columns_of(sample, name)

    assert [(column.header, column.type) for column in columns] == [("id", "long"), ("x", "string")]


def test_deletes_have_only_their_key(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,x,_op\n1,a,\n2,,delete\n")

    with open_sample(path) as sample:
        columns = columns_of(sample, path.name)

    assert [(column.header, column.required) for column in columns] == [("id", True), ("x", True)]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.xls", b"PK", "Expected a sample named .avro, .csv"),
        ("a.xlsx", b"PK", "can't be read as Excel"),
        ("a.csv.zip", b"PK", "can't be read as zip"),
        ("a.avro", b"Obj", "can't be read as Avro"),
        ("a.csv.gz", b"id,x\n1,a\n", "can't be read as gzip"),
        ("a.csv", b"id,x\n", "Expected rows"),
        ("a.csv", b"", "Expected rows"),
        ("a.jsonl", b"", "Expected rows"),
    ],
)
def test_a_sample_without_rows_or_of_another_format_is_refused(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(DraftError, match=message), open_sample(path) as sample:
        columns_of(sample, name)
