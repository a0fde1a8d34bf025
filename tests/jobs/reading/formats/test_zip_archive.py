"""A zip archive has one data file; whatever else it has is a reason."""

import io
import zipfile
from collections.abc import Mapping

import pytest

from jobs.reading.formats import zip_archive
from jobs.reading.formats.rows import UnreadableFile

ROWS = b"id,name\n7,Ann\n"


def archive(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return target.getvalue()


def read(body: bytes) -> tuple[bytes, str]:
    with zip_archive.unpacked(io.BytesIO(body)) as (content, name):
        return content.read(), name


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
def test_the_data_file_is_read_whatever_its_method(method: int) -> None:
    assert read(archive({"a.csv": ROWS}, method)) == (ROWS, "a.csv")


def test_what_archivers_add_is_no_data_file() -> None:
    files = {
        "export/": b"",
        "export/Rows of May.csv": ROWS,
        "__MACOSX/export/._Rows of May.csv": b"\x00",
        "export/.DS_Store": b"\x00",
        "export/Thumbs.db": b"\x00",
        "export/desktop.ini": b"",
    }

    assert read(archive(files)) == (ROWS, "export/Rows of May.csv")


@pytest.mark.parametrize(
    ("names", "got"),
    [
        ((), "none"),
        (("folder/", "__MACOSX/a"), "none"),
        (("a.csv", "b.csv"), r"2 \(a.csv, b.csv\); drop them one by one"),
        ([f"{number}.csv" for number in range(9)], r"9 \(0.csv, 1.csv, 2.csv, 3.csv, 4.csv, …\); drop"),
    ],
)
def test_an_archive_with_none_or_several_is_a_reason(names: list[str], got: str) -> None:
    with pytest.raises(UnreadableFile, match=rf"^zip: expected one data file in the archive, got {got}"):
        read(archive(dict.fromkeys(names, b"")))


def test_a_file_with_a_password_is_a_reason() -> None:
    body = bytearray(archive({"a.csv": ROWS}))
    for header, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        body[body.index(header) + flags] |= 1

    with pytest.raises(
        UnreadableFile, match=r"^zip: expected a file that can be read, got a.csv with a password"
    ):
        read(bytes(body))


def test_a_method_that_is_unknown_is_a_reason() -> None:
    body = bytearray(archive({"a.csv": ROWS}))
    for header, method in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        body[body.index(header) + method] = 97

    with pytest.raises(UnreadableFile, match=r"^zip: .*compression method is not supported"):
        read(bytes(body))


def test_a_wrong_checksum_is_a_reason() -> None:
    body = archive({"a.csv": ROWS}, zipfile.ZIP_STORED).replace(b"Ann", b"Bob")

    with pytest.raises(UnreadableFile, match=r"^zip: .*Bad CRC-32"):
        read(body)


def test_an_archive_is_written_with_the_name_of_its_file() -> None:
    target = io.BytesIO()
    with zip_archive.packed(target, "Mai/ä.csv") as file:
        file.write(ROWS)

    assert read(target.getvalue()) == (ROWS, "Mai/ä.csv")
