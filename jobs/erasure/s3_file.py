"""An object of S3 as a file that can be read at any place: Parquet stores columns apart, and its index last.

Not `pyarrow.fs.S3FileSystem`, which does the same: it is a second SDK with its own credentials, region,
endpoint and retries beside boto3's, its errors have no code, and its `delete_file` leaves an empty object in
place of the folder.
"""

import io
from typing import IO, Any

from botocore.exceptions import ClientError

from jobs.runtime.s3 import s3_client

_READ_AHEAD = 1024 * 1024


def open_object(bucket: str, key: str) -> IO[bytes]:
    """The object, to be read. Raises FileNotFoundError if it does not exist."""
    return io.BufferedReader(_S3File(bucket, key), _READ_AHEAD)


class _S3File(io.RawIOBase):
    """Each read is a request for a range of bytes."""

    def __init__(self, bucket: str, key: str) -> None:
        self._object: Any = {"Bucket": bucket, "Key": key}
        self._position = 0
        try:
            self._size = s3_client().head_object(**self._object)["ContentLength"]
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("404", "NoSuchKey"):
                raise
            raise FileNotFoundError(f"s3://{bucket}/{key}") from None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: Any) -> int:
        end = min(self._position + len(buffer), self._size)
        if self._position >= end:
            return 0
        byte_range = f"bytes={self._position}-{end - 1}"
        content = s3_client().get_object(**self._object, Range=byte_range)["Body"].read()
        buffer[: len(content)] = content
        self._position += len(content)
        return len(content)
