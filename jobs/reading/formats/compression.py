"""Compressed files: gzip, by `.gz` behind the name of a format."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, cast

from jobs.reading.formats.rows import UnreadableFile

_SUFFIX = ".gz"


def is_compressed(file_format: str) -> bool:
    """Whether files of this format (`csv.gz`) are compressed."""
    return file_format.endswith(_SUFFIX)


def uncompressed(file_format: str) -> str:
    """The format of the content: `csv` of `csv.gz`."""
    return file_format.removesuffix(_SUFFIX)


@contextmanager
def decompressed(source: IO[bytes]) -> Iterator[IO[bytes]]:
    """The content of a compressed file, which is read forward only. UnreadableFile if it breaks off."""
    try:
        yield cast("IO[bytes]", gzip.GzipFile(fileobj=source, mode="rb"))
    except (EOFError, gzip.BadGzipFile, zlib.error) as problem:
        raise UnreadableFile(
            f"gzip: expected a complete gzip file, got one that breaks off: {problem}"
        ) from None


@contextmanager
def compressed(target: IO[bytes]) -> Iterator[IO[bytes]]:
    """A file whose content is written to the target compressed; the same content gives the same bytes."""
    with gzip.GzipFile(fileobj=target, mode="wb", filename="", mtime=0) as packed:
        yield cast("IO[bytes]", packed)
