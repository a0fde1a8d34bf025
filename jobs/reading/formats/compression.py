"""Compressed files, by what is behind the name of a format: `csv.gz`. Any format may be compressed.

A zip archive has a file with a name, which tells the format if the archive's own does not (`orders.zip`).
"""

import gzip
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import IO, NamedTuple, cast

from jobs.reading.formats import compressed_frames, zip_archive
from jobs.reading.formats.compressed_frames import FrameCodec
from jobs.reading.formats.rows import UnreadableFile

# Some content becomes a thousand times smaller; rows of data at most about fifty times.
MOST_TIMES, SMALL = 250, 64 * 1024 * 1024


class Unpacked(NamedTuple):
    """The content of a compressed file, and the name that it has in there; empty if it has none."""

    content: IO[bytes]
    name: str = ""


@dataclass(frozen=True, slots=True)
class Compression:
    """A compression. To add one, write its two functions and list it in `COMPRESSIONS`."""

    title: str
    # The content of a compressed file, read forward only. UnreadableFile, also while it is read, if the file
    # breaks off or has something behind its end.
    unpacked: Callable[[IO[bytes]], AbstractContextManager[Unpacked]]
    # A file of this name whose content is written to the target compressed; the same content gives the same
    # bytes, and the target stays open.
    packed: Callable[[IO[bytes], str], AbstractContextManager[IO[bytes]]]
    # Whether the compressed file is read at any place, not forward only.
    seeks: bool = False


@contextmanager
def _gunzip(source: IO[bytes]) -> Iterator[Unpacked]:
    try:
        yield Unpacked(cast("IO[bytes]", gzip.GzipFile(fileobj=source, mode="rb")))
    except (EOFError, gzip.BadGzipFile, zlib.error) as problem:
        raise UnreadableFile(
            f"gzip: expected a complete gzip file, got one that breaks off: {problem}"
        ) from None


@contextmanager
def _gzip(target: IO[bytes], _name: str) -> Iterator[IO[bytes]]:
    with gzip.GzipFile(fileobj=target, mode="wb", filename="", mtime=0) as packed:
        yield cast("IO[bytes]", packed)


@contextmanager
def _unzip(source: IO[bytes]) -> Iterator[Unpacked]:
    with zip_archive.unpacked(source) as (content, name):
        yield Unpacked(content, name)


def _of_frames(title: str, codec: Callable[[], FrameCodec]) -> Compression:
    """A compression whose library is imported when there is a file of it."""

    @contextmanager
    def unpacked(source: IO[bytes]) -> Iterator[Unpacked]:
        with codec().unpacked(source) as content:
            yield Unpacked(content)

    def packed(target: IO[bytes], _name: str) -> AbstractContextManager[IO[bytes]]:
        return codec().packed(target)

    return Compression(title, unpacked, packed)


COMPRESSIONS: dict[str, Compression] = {  # by the end of a name
    "bz2": _of_frames("bzip2", compressed_frames.bzip2),
    "gz": Compression("gzip", _gunzip, _gzip),
    "xz": _of_frames("xz", compressed_frames.xz),
    "zip": Compression("zip", _unzip, zip_archive.packed, seeks=True),
    "zst": _of_frames("zstd", compressed_frames.zstandard),
}


def compression_of(file_format: str) -> Compression | None:
    """The compression of files of this format (`csv.gz`, or `zip`); None if they are not compressed."""
    return COMPRESSIONS.get(file_format.rpartition(".")[2])


def uncompressed(file_format: str) -> str:
    """The format of the content: `csv` of `csv.gz`; empty for `zip`."""
    return file_format if compression_of(file_format) is None else file_format.rpartition(".")[0]


def most_unpacked(size: int) -> int:
    """How many bytes a partner's file of this size may unpack to."""
    return max(SMALL, MOST_TIMES * size)


class Bounded:
    """Unpacked content as it is read; UnreadableFile once it is larger than allowed."""

    def __init__(self, content: IO[bytes], most: int, title: str) -> None:
        self._content, self._title = content, title
        self._most = self._left = most

    def read(self, size: int = -1) -> bytes:
        some = self._content.read(size)
        self._left -= len(some)
        if self._left < 0:
            raise UnreadableFile(
                f"{self._title}: expected at most {self._most} bytes of a file of this size, got more: "
                "drop it in parts, or not compressed"
            )
        return some
