"""Blocks are decompressed within bounds, and a damaged one says what was expected."""

import io
import tracemalloc
from typing import Any

import fastavro
import pytest

from jobs.reading.formats.avro_blocks import Block, BrokenOff, blocks

CODECS = ["null", "deflate", "bzip2", "snappy", "xz", "zstandard", "lz4"]


def avro(texts: list[str], codec: str, **options: Any) -> bytes:
    file = io.BytesIO()
    fastavro.writer(file, "string", texts, codec=codec, **options)
    return file.getvalue()


def found(content: bytes, codec: str, most: int = 10**6) -> list[Block]:
    file = io.BytesIO(content)
    fastavro.block_reader(file)  # reads the header
    return list(blocks(file, codec, most))


@pytest.mark.parametrize("codec", CODECS)
def test_a_block_has_its_content_and_its_place(codec: str) -> None:
    content = avro(["abc", "de", "f"], codec, sync_interval=4)

    several = found(content, codec)

    assert b"".join(block.content for block in several) == b"\x06abc\x04de\x02f"
    assert sum(block.records for block in several) == 3
    assert [block.end for block in several] == [*(block.start for block in several[1:]), len(content)]
    assert len(several) > 1
    assert found(avro([], codec), codec) == []


@pytest.mark.parametrize("codec", CODECS)
def test_what_unpacks_to_more_than_allowed_is_given_up_in_little_memory(codec: str) -> None:
    content = avro(["a" * 50_000_000], codec)

    tracemalloc.start()
    with pytest.raises(BrokenOff, match=r"^avro: expected at most 1000 bytes of a file of this size"):
        found(content, codec, most=1000)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert most < len(content) + 10_000_000


def test_the_bound_is_for_all_blocks_together() -> None:
    content = avro(["a" * 400] * 3, "deflate", sync_interval=10)

    assert len(found(content, "deflate", most=1300)) == 3
    with pytest.raises(BrokenOff, match="at most 1000 bytes"):
        found(content, "deflate", most=1000)


@pytest.mark.parametrize("codec", [codec for codec in CODECS if codec != "null"])
def test_a_block_of_other_bytes_is_an_error(codec: str) -> None:
    content = avro(["abc" * 100], codec)

    with pytest.raises(BrokenOff, match=r"^avro: expected (a block that can be decompressed|at most)"):
        found(content[:-26] + b"XXXXXXXXXX" + content[-16:], codec)


@pytest.mark.parametrize(
    ("damaged", "problem"),
    [
        (lambda content: content[:-3], "a complete block"),
        (lambda content: content[:-1] + b"X", "the marker of the file behind a block"),
        (lambda content: content + b"\x80", "a number, got the end of the file"),
        (lambda content: content + b"\xff" * 11, "a number, got one of more than ten bytes"),
        (lambda content: content + b"\x02\x01", "a complete block, got -1 bytes"),
        (lambda content: content + b"\x02\x00" + content[-16:], "a block of rows, got 1 in 0 bytes"),
        (lambda content: content + b"\x01\x00" + content[-16:], "a block of rows, got -1 in 0 bytes"),
    ],
)
def test_what_is_no_block_is_an_error(damaged: Any, problem: str) -> None:
    with pytest.raises(BrokenOff, match=rf"^avro: expected {problem}"):
        found(damaged(avro(["abc"], "null")), "null")


def test_an_unknown_codec_is_an_error() -> None:
    with pytest.raises(BrokenOff, match=r"^avro: expected one of the codecs null, .*, got brotli"):
        found(avro(["abc"], "null"), "brotli")
