"""Everything that lies in buckets and table folders, unpacked, for a search of its bytes."""

import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path

import boto3
import pyarrow.parquet as pq


def bytes_in_bucket(bucket: str) -> Iterator[tuple[str, bytes]]:
    """Name and unpacked content of every version of every object."""
    for name, body in _bodies(bucket):
        yield name, unpacked(body)


def rows_in_bucket(bucket: str) -> Iterator[bytes]:
    """The rows of every version of every object, as text: without a file's statistics of them."""
    for _, body in _bodies(bucket):
        if body.startswith(b"PAR1"):
            yield repr(pq.read_table(io.BytesIO(body)).to_pylist()).encode(errors="surrogateescape")
        else:
            yield unpacked(body)


def _bodies(bucket: str) -> Iterator[tuple[str, bytes]]:
    for version in boto3.resource("s3").Bucket(bucket).object_versions.all():
        if version.size:  # a mark of deletion has none
            yield f"{version.object_key} {version.id}", version.get()["Body"].read()


def bytes_in_folder(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Name and unpacked content of every file below the folder."""
    for file in folder.rglob("*"):
        if file.is_file() and not file.name.endswith(".crc"):
            yield str(file.relative_to(folder)), unpacked(file.read_bytes())


def unpacked(body: bytes) -> bytes:
    """The bytes as they lie there, and behind them as text what is packed in them."""
    if body.startswith(b"\x1f\x8b"):
        return body + gzip.decompress(body)
    if body.startswith(b"PAR1"):
        parquet = pq.ParquetFile(io.BytesIO(body))
        groups = range(parquet.metadata.num_row_groups)
        statistics = [parquet.metadata.row_group(group).to_dict() for group in groups]
        return body + repr((parquet.read().to_pylist(), statistics)).encode(errors="surrogateescape")
    return body + b"".join(_avro_blocks(body)) if body.startswith(b"Obj\x01") else body


def _avro_blocks(body: bytes) -> Iterator[bytes]:
    """The blocks of an Avro file (specification, "Object Container Files"), as Iceberg's manifests are."""
    content = io.BytesIO(body[4:])
    while count := _long(content):
        for _ in range(2 * abs(count)):
            content.read(_long(content))
    content.read(16)
    while content.tell() < len(body) - 4:
        _long(content)
        yield zlib.decompress(content.read(_long(content)), -15)
        content.read(16)


def _long(content: io.BytesIO) -> int:
    value = shift = 0
    while True:
        (byte,) = content.read(1)
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return (value >> 1) ^ -(value & 1)
