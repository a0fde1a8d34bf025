"""The blocks of an Avro object container file (specification 1.12, "Object Container Files").

fastavro decompresses a block as a whole, whatever its size: a file of 10 MB could fill the memory. Here the
content of all blocks is bounded, as that of other compressed files is.
"""

import bz2
import io
import lzma
import zlib
from binascii import crc32
from collections.abc import Callable, Iterator
from typing import IO, Any, NamedTuple

from expectations.problems import GluelineError
from jobs.reading.formats.compressed_frames import MOST_MEMORY
from jobs.reading.formats.rows import readable

SYNC_BYTES = 16  # of the marker behind the header and each block
_LONGEST_LONG = 10  # bytes
_CHECKSUM_BYTES, _LENGTH_BYTES = 4, 4
_LONGEST_REASON = 300


class BrokenOff(GluelineError):
    """Raised when the rest of a file can't be decoded; the message is the reason."""

    def __init__(self, expected: str, got: object) -> None:
        found = f"{type(got).__name__}: {got}" if isinstance(got, Exception) else str(got)
        super().__init__(f"avro: expected {expected}, got {readable(found)[:_LONGEST_REASON]}")


class Block(NamedTuple):
    """A block: the content of its records, and its place in the file."""

    content: bytes
    records: int
    start: int  # of the block as it is stored
    end: int


def blocks(file: IO[bytes], codec: str, most: int) -> Iterator[Block]:
    """The blocks behind the header, at whose end the file is. Raises BrokenOff, also beyond `most` bytes."""
    if codec not in _DECOMPRESS:
        raise BrokenOff(f"one of the codecs {', '.join(_DECOMPRESS)}", codec)
    start = file.tell()
    file.seek(start - SYNC_BYTES)
    marker = file.read(SYNC_BYTES)
    left = most
    while (records := _long(file)) is not None:
        content = _content(file, codec, left, marker)
        left -= len(content)
        if left < 0:
            raise BrokenOff(f"at most {most} bytes of a file of this size", "more: drop it in parts")
        if not 0 <= records <= len(content):  # each has a key, of a byte at least
            raise BrokenOff("a block of rows", f"{records} in {len(content)} bytes")
        end = file.tell()
        yield Block(content, records, start, end)
        file.seek(end)
        start = end


def _content(file: IO[bytes], codec: str, most: int, marker: bytes) -> bytes:
    """The content of the block whose size is next; a byte more than allowed if it is too large."""
    size, at = _long(file), file.tell()
    end = file.seek(0, io.SEEK_END)
    file.seek(at)
    if size is None or not 0 <= size <= end - at - SYNC_BYTES:
        raise BrokenOff("a complete block", f"{size} bytes where {end - at} are left")
    stored = file.read(size)
    if file.read(SYNC_BYTES) != marker:
        raise BrokenOff("the marker of the file behind a block", "other bytes")
    try:
        return _DECOMPRESS[codec](stored, most + 1)
    except Exception as problem:  # noqa: BLE001 -- of whichever library
        raise BrokenOff("a block that can be decompressed", problem) from None


def _long(file: IO[bytes]) -> int | None:
    """The next number, in zigzag coding; None at the end of the file."""
    number = _unsigned(file)
    return None if number is None else number >> 1 ^ -(number & 1)


def _unsigned(file: IO[bytes]) -> int | None:
    """The next number of variable length; None at the end of the file."""
    number = 0
    for place in range(_LONGEST_LONG):
        byte = file.read(1)
        if not byte:
            if place:
                raise BrokenOff("a number", "the end of the file")
            return None
        number |= (byte[0] & 0x7F) << (7 * place)
        if byte[0] < 0x80:
            return number
    raise BrokenOff("a number", "one of more than ten bytes")


def _deflate(stored: bytes, most: int) -> bytes:
    return _stream(zlib.decompressobj(-zlib.MAX_WBITS), stored, most)


def _bzip2(stored: bytes, most: int) -> bytes:
    return _stream(bz2.BZ2Decompressor(), stored, most)


def _xz(stored: bytes, most: int) -> bytes:
    return _stream(lzma.LZMADecompressor(memlimit=MOST_MEMORY), stored, most)


def _zstandard(stored: bytes, most: int) -> bytes:
    from backports import zstd

    return _stream(zstd.ZstdDecompressor(), stored, most)


def _stream(decompressor: Any, stored: bytes, most: int) -> bytes:
    content: bytes = decompressor.decompress(stored, most)
    if len(content) < most and not decompressor.eof:
        raise EOFError("it ended before its end marker")
    return content


def _snappy(stored: bytes, most: int) -> bytes:
    import cramjam

    data, checksum = stored[:-_CHECKSUM_BYTES], stored[-_CHECKSUM_BYTES:]
    if (_unsigned(io.BytesIO(data)) or 0) > most:
        return bytes(most)
    content = bytes(cramjam.snappy.decompress_raw(data))
    if crc32(content).to_bytes(_CHECKSUM_BYTES) != checksum:
        raise ValueError("a wrong checksum")
    return content


def _lz4(stored: bytes, most: int) -> bytes:
    import lz4.block

    if int.from_bytes(stored[:_LENGTH_BYTES], "little") > most:
        return bytes(most)
    content: bytes = lz4.block.decompress(stored)
    return content


_DECOMPRESS: dict[str, Callable[[bytes, int], bytes]] = {
    "null": lambda stored, most: stored[:most],
    "deflate": _deflate,
    "bzip2": _bzip2,
    "snappy": _snappy,
    "xz": _xz,
    "zstandard": _zstandard,
    "lz4": _lz4,
}
