"""A sample file, opened by its name: Avro, CSV, Excel, JSON or Parquet, plain or compressed."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import IO, TYPE_CHECKING, Final

from expectations.file_values import TIME_KINDS
from jobs.reading.formats.compression import Compression, compression_of, uncompressed
from jobs.reading.formats.rows import UnreadableFile
from workflows.contracts.samples.avro_sample import AvroSample
from workflows.contracts.samples.csv_sample import CsvSample
from workflows.contracts.samples.facts import DraftError, Facts, SampleColumn
from workflows.contracts.samples.json_sample import JsonSample
from workflows.contracts.samples.orc_sample import OrcSample
from workflows.contracts.samples.parquet_sample import ParquetSample
from workflows.contracts.samples.xlsx_sample import XlsxSample

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

type Sample = AvroSample | CsvSample | JsonSample | ParquetSample | XlsxSample

OP: Final = "_op"  # the column of a drop that says whether a row is a delete; no column of a contract
_READERS: Final[dict[str, type[AvroSample | CsvSample | JsonSample | ParquetSample | XlsxSample]]] = {
    "avro": AvroSample,
    "csv": CsvSample,
    "tsv": CsvSample,
    "txt": CsvSample,
    "psv": CsvSample,
    "json": JsonSample,
    "jsonl": JsonSample,
    "ndjson": JsonSample,
    "orc": OrcSample,
    "parquet": ParquetSample,
    "pq": ParquetSample,
    "xlsx": XlsxSample,
}


@contextmanager
def open_sample(path: Path) -> Iterator[Sample]:
    """The sample in a file. Raises DraftError if it is of no such format, or breaks off."""
    compression = compression_of(path.name.lower())
    with ExitStack() as opened:
        file: IO[bytes] = opened.enter_context(path.open("rb"))
        ending = uncompressed(path.name.lower()).rpartition(".")[2]
        if compression is not None:
            file, inside = opened.enter_context(unpacked(compression, file, path.name))
            ending = ending if ending in _READERS else inside.lower().rpartition(".")[2]
        reader = _READERS.get(ending)
        if reader is None:
            raise DraftError(
                f"Expected a sample named .{', .'.join(_READERS)} (or compressed, such as .csv.gz), got "
                f"{path.name}; save it as one of these."
            )
        yield reader(file, path.name)


@contextmanager
def unpacked(compression: Compression, file: IO[bytes], name: str) -> Iterator[tuple[IO[bytes], str]]:
    """The content of a compressed file, to be read at any place, and its name in there."""
    with tempfile.TemporaryFile() as plain:
        try:
            with compression.unpacked(file) as (content, inside):
                shutil.copyfileobj(content, plain)
        except UnreadableFile as error:
            raise DraftError(
                f"{name} can't be read as {compression.title}: {error}; compress it again."
            ) from error
        plain.seek(0)
        yield plain, inside


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
