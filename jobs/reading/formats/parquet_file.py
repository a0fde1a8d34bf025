"""Opens Parquet files: which column of a file has which type, and why a file can't be read."""

import re
from collections.abc import Mapping
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from jobs.reading.formats.arrow_schema import of_julian_calendar, with_leaves
from jobs.reading.formats.arrow_values import INTERVAL
from jobs.reading.formats.rows import UnreadableFile

if TYPE_CHECKING:
    import pyarrow as pa

_MAGIC, _ENCRYPTED = b"PAR1", b"PARE"
_SHORTEST = 12  # bytes: magic, length of the footer, magic
_LEGACY = (b"org.apache.spark.legacyDateTime", b"org.apache.spark.legacyINT96")
_INDEX = re.compile(r"__index_level_[0-9]+__")


class Opened(NamedTuple):
    """A Parquet file, and its schema with the types that only Parquet's own schema tells."""

    file: Any
    schema: "pa.Schema"

    @property
    def index_columns(self) -> list[str]:
        """The unnamed indexes of pandas: the file's own metadata says that they are not data."""
        try:
            listed = (self.schema.pandas_metadata or {}).get("index_columns", ())
        except ValueError:  # no JSON
            return []
        return [name for name in listed if isinstance(name, str) and _INDEX.fullmatch(name)]


def open_parquet(source: IO[bytes], int96_unit: str = "us") -> Opened:
    """The file. Raises UnreadableFile if it is none, or if Arrow can't read how it is written.

    INT96 holds every day there is; 64 bits of nanoseconds end in 2262. Therefore it is read in microseconds.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    _check_magic(source)
    try:
        file = pq.ParquetFile(source, coerce_int96_timestamp_unit=int96_unit)
        schema = _schema(file)
    except (pa.ArrowException, OSError, ValueError) as problem:
        raise UnreadableFile(f"parquet: expected a Parquet file: {problem}") from None
    return Opened(file, schema)


def _check_magic(source: IO[bytes]) -> None:
    source.seek(0)
    start = source.read(_SHORTEST)
    source.seek(-min(len(_MAGIC), len(start)), 2)
    end = source.read()
    source.seek(0)
    if not start:  # no rows are a footer without row groups
        raise _no_file("one of zero bytes: its upload failed; drop it again")
    if _ENCRYPTED in (start[: len(_ENCRYPTED)], end):
        raise _no_file("an encrypted one; write it without encryption, S3 encrypts objects itself")
    if not start.startswith(_MAGIC):
        raise _no_file(f"one that begins with {start!r} instead of {_MAGIC!r}; name it by its format")
    if end != _MAGIC or len(start) < _SHORTEST:
        raise _no_file(
            "one that breaks off, without a footer: its upload or its writer ended early; drop it again"
        )


def _no_file(what: str) -> UnreadableFile:
    return UnreadableFile(f"parquet: expected a Parquet file, got {what}")


def broken(problem: Exception) -> str:
    """The reason for rows that Arrow can't read, with advice if it lacks their codec, such as LZO."""
    has_no_codec = "compression" in str(problem)
    advice = "; write the file with snappy, gzip, brotli, zstd or lz4" if has_no_codec else ""
    return f"parquet: expected rows that can be read, got {problem}{advice}"


def _schema(file: Any) -> "pa.Schema":
    """The schema of Arrow, with types of their own for INTERVAL, for which Arrow has bytes, and old days."""
    import pyarrow as pa

    schema = file.schema_arrow
    leaves = [file.schema.column(number).converted_type for number in range(len(file.schema.names))]
    if INTERVAL in leaves:
        found = iter(leaves)
        schema = with_leaves(
            schema, lambda kind: pa.opaque(kind, INTERVAL, "Parquet") if next(found) == INTERVAL else kind
        )
    return of_julian_calendar(schema) if _has_julian_days(file.metadata.metadata or {}) else schema


def _has_julian_days(notes: Mapping[bytes, bytes]) -> bool:
    """Whether the writer notes that it counts days before 1582-10-15 by the Julian calendar.

    Spark did so before version 3, and later notes where it is told to; Hive notes either.
    """
    spark = notes.get(b"org.apache.spark.version", b"")
    return (
        spark.startswith((b"1.", b"2."))
        or not notes.keys().isdisjoint(_LEGACY)
        or notes.get(b"writer.date.proleptic") == b"false"
    )
