"""An object of S3 reads as any file does."""

import io
from typing import TYPE_CHECKING

import pytest

from jobs.erasure.s3_file import open_object

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CONTENT = bytes(range(256)) * 20_000  # more than is read ahead


def test_an_object_is_read_at_any_place(s3: "S3Client") -> None:
    s3.put_object(Bucket="lake", Key="warehouse/a", Body=CONTENT)

    with open_object("lake", "warehouse/a") as file:
        assert file.read(4) == CONTENT[:4]
        assert file.seek(-8, io.SEEK_END) == len(CONTENT) - 8
        assert file.read() == CONTENT[-8:]
        file.seek(10)
        assert (file.read(5), file.tell()) == (CONTENT[10:15], 15)
        file.seek(5, io.SEEK_CUR)
        assert file.read(1) == CONTENT[20:21]
        file.seek(0)
        assert file.read(len(CONTENT)) == CONTENT  # without a size, Python asks for eight kilobytes at a time
        assert file.read() == b""


def test_an_object_that_does_not_exist_is_a_file_not_found(s3: "S3Client") -> None:
    with pytest.raises(FileNotFoundError, match="s3://lake/gone"):
        open_object("lake", "gone")
