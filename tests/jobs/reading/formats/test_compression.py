"""Compressed files: the content of a whole file, and a reason for one that breaks off."""

import io

import pytest

from jobs.intake import doors
from jobs.reading.formats.compression import (
    COMPRESSIONS,
    Bounded,
    compression_of,
    most_unpacked,
    uncompressed,
)
from jobs.reading.formats.rows import UnreadableFile

CONTENT = b"hello, " * 10_000


def packed(name: str, content: bytes = CONTENT) -> bytes:
    target = io.BytesIO()
    with COMPRESSIONS[name].packed(target, "a.csv") as file:
        file.write(content)
    return target.getvalue()


def unpacked(name: str, body: bytes) -> bytes:
    with COMPRESSIONS[name].unpacked(io.BytesIO(body)) as (content, _):
        return content.read()


def test_the_doors_name_the_compressions() -> None:
    assert set(doors.COMPRESSIONS) == set(COMPRESSIONS)


def test_the_name_of_a_format_tells_whether_and_how_its_files_are_compressed() -> None:
    assert [(compression_of(name), uncompressed(name)) for name in ("csv.gz", "csv", "zip")] == [
        (COMPRESSIONS["gz"], "csv"),
        (None, "csv"),
        (COMPRESSIONS["zip"], ""),
    ]


@pytest.mark.parametrize("name", COMPRESSIONS)
def test_what_was_compressed_is_read_again_and_is_always_the_same_bytes(name: str) -> None:
    body = packed(name)

    assert len(body) < len(CONTENT) / 10
    assert body == packed(name)
    assert unpacked(name, body) == CONTENT


@pytest.mark.parametrize("name", COMPRESSIONS)
@pytest.mark.parametrize("damage", ["cut off", "no such file", "another behind it", "a bit changed"])
def test_a_damaged_file_is_unreadable(name: str, damage: str) -> None:
    body = packed(name)
    damaged = {
        "cut off": body[:-12],
        "no such file": b"id,name\n7,Ann\n",
        "another behind it": body + b"rubbish",
        "a bit changed": body[: len(body) // 2]
        + bytes([body[len(body) // 2] ^ 8])
        + body[len(body) // 2 + 1 :],
    }[damage]

    if (name, damage) == ("zip", "another behind it"):
        assert unpacked(name, damaged) == CONTENT  # the index tells where the archive ends
    else:
        with pytest.raises(UnreadableFile, match=f"^{COMPRESSIONS[name].title}: expected a complete "):
            unpacked(name, damaged)


@pytest.mark.parametrize("name", sorted({*COMPRESSIONS} - {"zip"}))
def test_parts_behind_one_another_are_one_file(name: str) -> None:
    assert unpacked(name, packed(name) + packed(name)) == CONTENT * 2
    assert unpacked(name, b"") == b""


@pytest.mark.parametrize("name", sorted({*COMPRESSIONS} - {"zip"}))
def test_a_file_is_read_forward_only_a_piece_at_a_time(name: str) -> None:
    class Forward:
        def __init__(self) -> None:
            self._body = io.BytesIO(packed(name))

        def read(self, size: int = -1) -> bytes:
            return self._body.read(min(size, 7))

    with COMPRESSIONS[name].unpacked(Forward()) as (content, _):  # type: ignore[arg-type]
        assert content.readline(10) + content.read() == CONTENT


def test_an_error_of_the_network_is_no_fault_of_the_file() -> None:
    class Lost:
        def read(self, size: int = -1) -> bytes:
            raise ConnectionResetError

    for compression in (one for one in COMPRESSIONS.values() if not one.seeks):
        with pytest.raises(ConnectionResetError), compression.unpacked(Lost()) as (content, _):  # type: ignore[arg-type]
            content.read()


@pytest.mark.parametrize("name", COMPRESSIONS)
def test_what_unpacks_to_more_than_rows_do_is_given_up(name: str) -> None:
    body = packed(name, bytes(1_000_000))

    with (
        pytest.raises(
            UnreadableFile, match=f"^{COMPRESSIONS[name].title}: expected at most 999999 bytes of a file"
        ),
        COMPRESSIONS[name].unpacked(io.BytesIO(body)) as (content, _),
    ):
        bounded = Bounded(content, 999_999, COMPRESSIONS[name].title)
        while bounded.read(1000):
            pass


def test_the_size_that_a_file_may_unpack_to_grows_with_its_own() -> None:
    assert (most_unpacked(1), most_unpacked(2**20)) == (64 * 2**20, 250 * 2**20)
