"""A sample file, opened by its name: CSV, JSON or Parquet, plain or with gzip."""

from __future__ import annotations

import gzip
import zlib
from contextlib import contextmanager
from dataclasses import replace
from typing import IO, TYPE_CHECKING, Final, cast

from expectations.file_values import TIME_KINDS
from workflows.contracts.samples.csv_sample import CsvSample
from workflows.contracts.samples.facts import DraftError, Facts, SampleColumn
from workflows.contracts.samples.json_sample import JsonSample
from workflows.contracts.samples.parquet_sample import ParquetSample

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

type Sample = CsvSample | JsonSample | ParquetSample

OP: Final = "_op"  # the column of a drop that says whether a row is a delete; no column of a contract
_READERS: Final[dict[str, type[CsvSample | JsonSample | ParquetSample]]] = {
    "csv": CsvSample,
    "tsv": CsvSample,
    "txt": CsvSample,
    "psv": CsvSample,
    "json": JsonSample,
    "jsonl": JsonSample,
    "ndjson": JsonSample,
    "parquet": ParquetSample,
    "pq": ParquetSample,
}


@contextmanager
def open_sample(path: Path) -> Iterator[Sample]:
    """The sample in a file. Raises DraftError if it is of no such format, or breaks off."""
    ending = path.name.lower().removesuffix(".gz").rpartition(".")[2]
    reader = _READERS.get(ending)
    if reader is None:
        raise DraftError(
            f"Expected a sample named .{', .'.join(_READERS)} (or with .gz behind it), got {path.name}; "
            "save it as one of these."
        )
    with path.open("rb") as plain:
        is_gzip = path.name.lower().endswith(".gz")
        file = cast("IO[bytes]", gzip.GzipFile(fileobj=plain)) if is_gzip else plain
        try:
            yield reader(file, path.name)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise DraftError(f"{path.name} can't be read as gzip: {error}; compress it again.") from error


def columns_of(sample: Sample, name: str) -> tuple[SampleColumn, ...]:
    """The columns of a sample, by all its rows but those that are deletes. Raises DraftError."""
    if isinstance(sample, ParquetSample):
        return tuple(column for column in sample.columns() if column.header != OP)
    facts = Facts("", sample.is_typed)
    for number, row in sample.rows():
        if not is_delete(row):
            facts.add_members(row, number)
    if not facts.objects:
        raise DraftError(f"Expected rows in {name}, got none; use a sample with a header and rows.")
    formats = sample.forms.formats if isinstance(sample, CsvSample) else {}
    return tuple(
        replace(column, format=formats.get(column.header) if column.type in TIME_KINDS else None)
        for column in facts.columns()
        if column.header != OP
    )


def is_delete(row: Mapping[str, object]) -> bool:
    """Whether a row asks for the deletion of its key."""
    return str(row.get(OP) or "").strip().lower() == "delete"
