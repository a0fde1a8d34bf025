"""Gzip files: the content of a whole file, and a reason for one that breaks off."""

import gzip
import io

import pytest

from jobs.reading.formats.compression import compressed, decompressed, is_compressed, uncompressed
from jobs.reading.formats.rows import UnreadableFile


def test_the_name_of_a_format_tells_whether_its_files_are_compressed() -> None:
    assert [(is_compressed(name), uncompressed(name)) for name in ("csv.gz", "csv")] == [
        (True, "csv"),
        (False, "csv"),
    ]


def test_what_was_compressed_is_read_again_and_is_always_the_same_bytes() -> None:
    written = [io.BytesIO(), io.BytesIO()]
    for target in written:
        with compressed(target) as packed:
            packed.write(b"hello")
    one, other = (target.getvalue() for target in written)

    assert one == other
    with decompressed(io.BytesIO(one)) as content:
        assert content.read() == b"hello"


@pytest.mark.parametrize("body", [gzip.compress(b"hello" * 100, mtime=0)[:-12], b"no gzip"])
def test_a_file_that_breaks_off_is_unreadable(body: bytes) -> None:
    with (
        pytest.raises(UnreadableFile, match="gzip: expected a complete gzip file"),
        decompressed(io.BytesIO(body)) as content,
    ):
        content.read()
