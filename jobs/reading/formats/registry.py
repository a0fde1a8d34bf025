"""All file formats, and how a file is read and filtered by the name of its format.

The name may have a compression behind it: `csv.gz`. Which formats a door takes, `jobs.intake.doors` says.
"""

import codecs
import io
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import IO

from expectations.contract import Contract
from jobs.reading.formats.avro import AVRO
from jobs.reading.formats.compression import Bounded, compression_of, most_unpacked, uncompressed
from jobs.reading.formats.csv import CSV
from jobs.reading.formats.json import JSON
from jobs.reading.formats.jsonl import JSON_LINES
from jobs.reading.formats.kept_rows import KEPT_ROWS, MAGIC
from jobs.reading.formats.orc import ORC
from jobs.reading.formats.parquet import PARQUET
from jobs.reading.formats.rows import (
    FileFormat,
    KeysToErase,
    ReceivedRow,
    RowCounts,
    UnreadableFile,
    readable,
)
from jobs.reading.formats.xlsx import XLSX

FORMATS: dict[str, FileFormat] = {one.name: one for one in (AVRO, CSV, JSON, JSON_LINES, ORC, PARQUET, XLSX)}

_IN_MEMORY = 4 * 1024 * 1024  # bytes of unpacked content; what is larger goes to disk
_OTHER_ENCODINGS = {  # by the byte order mark that a file begins with; UTF-32's begins with UTF-16's
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}


def format_named(name: str, member: str = "") -> FileFormat:
    """The format with this name, compressed or not.

    `zip` alone is the format that the name of the archive's file ends in; UnreadableFile if there is none.
    """
    plain = uncompressed(name)
    if plain:
        return FORMATS[plain]
    _, dot, ending = member.lower().rpartition(".")
    found = FORMATS.get(ending) if dot else None
    if found is None:
        known = ", .".join(sorted(FORMATS))
        raise UnreadableFile(
            f"{name}: expected a file inside that is named .{known}, got {readable(member)[:200]}; "
            f"name it so, or name the archive by its format, such as .csv.{name}"
        )
    return found


def read_rows(name: str, file: IO[bytes], contract: Contract) -> Iterator[ReceivedRow]:
    """The rows of an open, decompressed file, as JSON text just as they were received, streaming.

    Types are read later, in Spark. A row that can't be read comes with its problem. Raises UnreadableFile, at
    the first row, if none can be read. A format that names its columns once must name the contract's.
    """
    found = _of_content(format_named(name), file)
    start = file.read(4)
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
    compression = compression_of(name)
    if compression is None:
        return _of_content(format_named(name), source).filter(source, keys, target)
    most = most_unpacked(source.seek(0, io.SEEK_END))
    source.seek(0)
    with ExitStack() as opened:
        content, member = opened.enter_context(compression.unpacked(source))
        found = format_named(name, member)
        if found.seeks:
            content = opened.enter_context(_on_disk(Bounded(content, most, compression.title)))
        found = _of_content(found, content)
        packed = opened.enter_context(compression.packed(target, member)) if target is not None else None
        return found.filter(content, keys, packed)


def _of_content(named: FileFormat, file: IO[bytes]) -> FileFormat:
    """The format of a file, at its start, of which the name says the format."""
    if named.is_written_again:
        return named
    start = file.read(len(MAGIC))
    file.seek(0)
    return KEPT_ROWS if start == MAGIC else named


@contextmanager
def _on_disk(content: Bounded) -> Iterator[IO[bytes]]:
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
        shutil.copyfileobj(content, file)
        file.seek(0)
        yield file
