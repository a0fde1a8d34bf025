"""The lines of text files of any encoding, with their bytes."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.reading.formats import text_lines
from jobs.reading.formats.text_lines import Lines, LineTooLong

ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "cp1252", "cp932")
TEXT = st.text(st.sampled_from('ab,;"\r\n\né€\N{HIRAGANA LETTER A}\N{LINE SEPARATOR}\x0b\x85\0'), max_size=60)


def read(content: bytes, encoding: str = "utf-8", longest: int = 1_000_000) -> tuple[list[str], bytes]:
    """The lines of a file, and their bytes."""
    lines = Lines(io.BytesIO(content), encoding, longest)
    lines.kept_from = 0
    found = list(lines.one_by_one())
    return found, lines.mark + lines.raw_between(0, lines.count)


@pytest.mark.parametrize("chunk", [4, 8, 1024])
@given(text=TEXT)
def test_lines_end_as_in_text_files_and_keep_their_bytes(chunk: int, text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_lines, "_CHUNK", chunk)
        for encoding in ENCODINGS:
            content = text.encode(encoding, "ignore")
            expected = io.StringIO(content.decode(encoding), newline="").readlines()

            assert read(content, encoding) == (expected, content)


@given(content=st.binary(max_size=80), encoding=st.sampled_from(("utf-8", "utf-16-le", "cp1252", "utf-16")))
def test_any_bytes_are_kept_whatever_their_encoding(content: bytes, encoding: str) -> None:
    assert read(content, encoding)[1] == content


@pytest.mark.parametrize(
    ("content", "encoding", "line"),
    [
        ("\ufeffé\n".encode(), "cp1252", "é\n"),
        ("é\n".encode("utf-16"), "utf-8", "é\n"),
        ("\ufeffé\n".encode("utf-16-be"), "utf-16-le", "é\n"),
        ("é\n".encode("utf-32"), "utf-8", "é\n"),
        ("é\n".encode("utf-16-le"), "utf-16", "é\n"),
        (b"\xe9\n", "utf-8", "\udce9\n"),
        (b"a\0\n\0\n", "utf-16-le", "a\n"),
        (b"\0\xd8\n\0", "utf-16-le", "\udc80\n"),
    ],
)
def test_a_mark_decides_on_the_encoding_and_what_is_no_text_is_a_lone_surrogate(
    content: bytes, encoding: str, line: str
) -> None:
    assert read(content, encoding)[0][0] == line


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
def test_a_line_that_is_too_long_is_passed_over(
    end: str, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_lines, "_CHUNK", 8)
    content = f"a{end}{'x' * 100}{end}b{end}".encode(encoding)
    lines = Lines(io.BytesIO(content), encoding, 40)
    stream = lines.one_by_one()

    assert next(stream) == f"a{end}"
    lines.start = 1
    with pytest.raises(LineTooLong):
        next(stream)
    lines.skip_long_line()

    assert list(lines.one_by_one()) == [f"b{end}"]
    assert lines.count == 3
