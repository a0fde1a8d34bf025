"""Frames behind one another are one content, and nothing behind a frame is passed over."""

import bz2
import io
import lzma

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.reading.formats import compressed_frames
from jobs.reading.formats.compressed_frames import FrameCodec, bzip2, xz, zstandard
from jobs.reading.formats.rows import UnreadableFile

CODECS = {"bz2": bzip2(), "xz": xz(), "zst": zstandard()}


def packed(codec: FrameCodec, content: bytes) -> bytes:
    target = io.BytesIO()
    with codec.packed(target) as file:
        file.write(content)
    return target.getvalue()


def unpacked(codec: FrameCodec, body: bytes) -> bytes:
    with codec.unpacked(io.BytesIO(body)) as content:
        return content.read()


@pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)
@given(parts=st.lists(st.binary(max_size=300), max_size=4))
def test_frames_are_read_one_behind_the_other(codec: FrameCodec, parts: list[bytes]) -> None:
    assert unpacked(codec, b"".join(packed(codec, part) for part in parts)) == b"".join(parts)


@pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)
@given(body=st.binary(min_size=1, max_size=60))
def test_what_is_no_frame_is_unreadable_also_behind_one(codec: FrameCodec, body: bytes) -> None:
    for before in (b"", packed(codec, b"hello")):
        with pytest.raises(UnreadableFile, match=f"^{codec.title}: expected a complete {codec.title} file"):
            unpacked(codec, before + body)


def test_what_other_programs_write_is_read() -> None:
    assert unpacked(CODECS["bz2"], bz2.compress(b"hello")) == b"hello"
    assert unpacked(CODECS["xz"], lzma.compress(b"hello", preset=9)) == b"hello"


def test_a_file_that_asks_for_much_memory_is_unreadable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compressed_frames, "MOST_MEMORY", 2**20)

    with pytest.raises(UnreadableFile, match=r"^xz: .*[Mm]emory"):
        unpacked(CODECS["xz"], lzma.compress(b"hello", preset=9))
