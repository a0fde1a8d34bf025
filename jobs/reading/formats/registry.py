"""All file formats, and how a file is read and filtered by the name of its format.

The name may have a compression behind it: `csv.gz`. Which formats a door takes, `jobs.intake.doors` says.
"""

import codecs
from collections.abc import Iterator
from typing import IO

from expectations.contract import Contract
from jobs.reading.formats.compression import compressed, decompressed, is_compressed, uncompressed
from jobs.reading.formats.csv import CSV
from jobs.reading.formats.jsonl import JSON_LINES
from jobs.reading.formats.orc import ORC
from jobs.reading.formats.parquet import PARQUET
from jobs.reading.formats.rows import FileFormat, KeysToErase, ReceivedRow, RowCounts, UnreadableFile

FORMATS: dict[str, FileFormat] = {one.name: one for one in (CSV, JSON_LINES, ORC, PARQUET)}

_OTHER_ENCODINGS = {  # by the byte order mark that a file begins with; UTF-32's begins with UTF-16's
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}


def format_named(name: str) -> FileFormat:
    """The format with this name, compressed or not."""
    return FORMATS[uncompressed(name)]


def read_rows(name: str, file: IO[bytes], contract: Contract) -> Iterator[ReceivedRow]:
    """The rows of an open, decompressed file, as JSON text just as they were received, streaming.

    Types are read later, in Spark. A row that can't be read comes with its problem. Raises UnreadableFile, at
    the first row, if none can be read. A format that names its columns once must name the contract's.
    """
    found, start = format_named(name), file.read(4)
    if not start and found.may_be_empty:
        return iter(())
    for mark, encoding in _OTHER_ENCODINGS.items():
        if start.startswith(mark) and not found.knows_encodings:
            raise UnreadableFile(f"encoding: expected UTF-8, got {encoding}; save the file as UTF-8")
    file.seek(0)
    return found.read(file, contract)


def filter_rows(
    name: str, source: IO[bytes], keys: KeysToErase, target: IO[bytes] | None = None
) -> RowCounts:
    """Counts the rows of a file and those of the keys; writes the file without these to the target, if any.

    `source` is the file as it is in S3, at its start. The same pass counts and writes: what is counted is
    what is removed. Raises UnreadableFile if the rows can't be told apart.
    """
    found = format_named(name)
    if not is_compressed(name):
        return found.filter(source, keys, target)
    with decompressed(source) as plain:
        if target is None:
            return found.filter(plain, keys, None)
        with compressed(target) as packed:
            return found.filter(plain, keys, packed)
