"""Compressions whose files are frames, one behind the other: bzip2, xz and Zstandard.

The classes of the standard library (`BZ2File`, `LZMAFile`) pass over what is behind a frame and is none, such
as a second frame whose start is damaged. Here it is an error: its rows would be lost without a word.
"""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any, Protocol, cast

from jobs.reading.formats.rows import UnreadableFile

_CHUNK = 256 * 1024
MOST_MEMORY = 256 * 1024 * 1024  # of an xz decoder; `xz -9` needs 65 MB, a header can ask for 4 GB


class Decompressor(Protocol):
    """What the decompressors of `bz2`, `lzma` and `zstd` share."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, /, max_length: int = -1) -> bytes:
        """At most so many bytes of the content."""


@dataclass(frozen=True, slots=True)
class FrameCodec:
    """One of these compressions."""

    title: str
    new: Callable[[], Decompressor]
    errors: tuple[type[Exception], ...]  # of its decompressor, about the data
    writer: Callable[[IO[bytes]], Any]

    @contextmanager
    def unpacked(self, source: IO[bytes]) -> Iterator[IO[bytes]]:
        """The content, which is read forward only. Its `read` raises UnreadableFile if it breaks off."""
        yield cast("IO[bytes]", io.BufferedReader(_Frames(source, self), _CHUNK))

    @contextmanager
    def packed(self, target: IO[bytes]) -> Iterator[IO[bytes]]:
        """A file whose content is written to the target compressed; the target stays open."""
        with self.writer(target) as packed:
            yield packed


class _Frames(io.RawIOBase):
    """The content of the frames in a file."""

    def __init__(self, source: IO[bytes], codec: FrameCodec) -> None:
        self._source, self._codec = source, codec
        self._frame: Decompressor | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        with memoryview(buffer).cast("B") as view:
            found = self._next(len(view))
            view[: len(found)] = found
        return len(found)

    def _next(self, most: int) -> bytes:
        """At most so many bytes of the content; none at its end."""
        while True:
            data = b""
            if self._frame is None or self._frame.eof:
                data = (self._frame.unused_data if self._frame else b"") or self._source.read(_CHUNK)
                if not data:
                    return b""
                self._frame = self._codec.new()
            elif self._frame.needs_input:
                data = self._source.read(_CHUNK)
                if not data:
                    raise self._broken("it ended before its end marker")
            try:
                found = self._frame.decompress(data, max_length=most)
            except self._codec.errors as problem:
                raise self._broken(problem) from None
            if found:
                return found

    def _broken(self, problem: object) -> UnreadableFile:
        title = self._codec.title
        return UnreadableFile(
            f"{title}: expected a complete {title} file, got one that breaks off: {problem}"
        )


def bzip2() -> FrameCodec:
    """The codec of `.bz2`."""
    import bz2

    return FrameCodec("bzip2", bz2.BZ2Decompressor, (OSError,), lambda target: bz2.BZ2File(target, "wb"))


def xz() -> FrameCodec:
    """The codec of `.xz`."""
    import lzma

    def new() -> Decompressor:
        return lzma.LZMADecompressor(memlimit=MOST_MEMORY)

    return FrameCodec("xz", new, (lzma.LZMAError,), lambda target: lzma.LZMAFile(target, "wb"))


def zstandard() -> FrameCodec:
    """The codec of `.zst`. `backports.zstd` is the `compression.zstd` of Python 3.14."""
    from backports import zstd

    def writer(target: IO[bytes]) -> Any:
        return zstd.ZstdFile(target, "wb", options={zstd.CompressionParameter.checksum_flag: 1})

    return FrameCodec("zstd", zstd.ZstdDecompressor, (zstd.ZstdError,), writer)
