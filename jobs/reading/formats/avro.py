"""Avro's object container files. fastavro decodes them, and is imported only when there is such a file."""

import io
import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import IO, Any, NamedTuple, cast

from expectations.contract import Contract
from jobs.reading.formats.avro_blocks import SYNC_BYTES, Block, BrokenOff, blocks
from jobs.reading.formats.avro_values import by_spelling, json_value, readable_schema, register
from jobs.reading.formats.compression import most_unpacked
from jobs.reading.formats.header import check_header, key_positions
from jobs.reading.formats.rows import (
    FileFormat,
    KeysToErase,
    ReceivedRow,
    RowCounts,
    UnreadableFile,
    received_row,
    remainder,
)


class _Record(NamedTuple):
    """A record, and its place in the content of its block."""

    values: dict[str, Any]
    start: int
    end: int


class _AvroFile:
    """An open file. Raises UnreadableFile if it is no Avro file, or not of records."""

    def __init__(self, file: IO[bytes]) -> None:
        from fastavro import parse_schema
        from fastavro.read import block_reader

        register()
        self._file = file
        self._most = most_unpacked(file.seek(0, io.SEEK_END))
        file.seek(0)
        try:
            # With a schema to read by, fastavro accepts defaults of the wrong type, as older writers leave.
            header: Any = block_reader(file, reader_schema="null")
            schema = readable_schema(json.loads(header.metadata["avro.schema"]))
            self._schema = parse_schema(schema)
        except Exception as problem:  # noqa: BLE001 -- fastavro raises whatever a damaged byte leads to
            raise UnreadableFile(str(BrokenOff("an Avro object container file", problem))) from None
        if not isinstance(schema, dict) or schema.get("type") not in ("record", "error"):
            raise UnreadableFile(f"avro: expected a schema of records, got {str(schema)[:100]}")
        self.names: list[str] = [field["name"] for field in schema["fields"]]
        self.codec = str(header.codec)

    def blocks(self) -> Iterator[Block]:
        """The blocks. Raises BrokenOff."""
        return blocks(self._file, self.codec, self._most)

    def records(self, block: Block) -> Iterator[_Record]:
        """The records of a block. Raises BrokenOff."""
        from fastavro import schemaless_reader

        content, end = io.BytesIO(block.content), 0
        for _ in range(block.records):
            start = end
            try:
                values = schemaless_reader(
                    content, self._schema, None, handle_unicode_errors="surrogateescape"
                )
            except Exception as problem:  # noqa: BLE001 -- as above
                raise BrokenOff("a record", problem) from None
            end = content.tell()
            yield _Record(cast("dict[str, Any]", values), start, end)
        if end != len(block.content):
            raise BrokenOff(f"a block of {end} bytes for its records", len(block.content))


def values_of(file: IO[bytes]) -> Iterator[dict[str, Any]]:
    """The values of each record, as `avro_values` reads them. Raises UnreadableFile."""
    avro = _AvroFile(file)
    try:
        for block in avro.blocks():
            for record in avro.records(block):
                yield record.values
    except BrokenOff as problem:
        raise UnreadableFile(str(problem)) from None


def read(file: IO[bytes], contract: Contract) -> Iterator[ReceivedRow]:
    """The records; the schema has to name the contract's columns."""
    avro = _AvroFile(file)
    check_header(contract, avro.names)
    number = 0
    try:
        for block in avro.blocks():
            for record in avro.records(block):
                number += 1
                yield _received(number, record.values, contract)
    except BrokenOff as problem:
        yield remainder(number, str(problem))


def _received(number: int, values: dict[str, Any], contract: Contract) -> ReceivedRow:
    columns = by_spelling(contract.columns)
    return received_row(
        number, {name: json_value(columns.get(name), value) for name, value in values.items()}
    )


def filter_rows(source: IO[bytes], keys: KeysToErase, target: IO[bytes] | None = None) -> RowCounts:
    """Removes the records of the keys; header, and blocks without such a record, stay byte for byte."""
    avro = _AvroFile(source)
    key_positions(avro.names, keys)
    rows = erased = 0
    blocks = _Rewritten(source, avro.codec) if target is not None else None
    if target is not None and blocks is not None:
        target.write(blocks.header())
    try:
        for block in avro.blocks():
            records = list(avro.records(block))
            kept = [record for record in records if not _is_of_keys(record, keys)]
            rows, erased = rows + len(records), erased + len(records) - len(kept)
            if target is not None and blocks is not None:
                target.write(blocks.without(block, records, kept))
    except BrokenOff as problem:
        raise UnreadableFile(str(problem)) from None
    return RowCounts(rows, erased)


def _is_of_keys(record: _Record, keys: KeysToErase) -> bool:
    payload = _received(1, record.values, keys.contract).payload
    return payload is not None and keys.own_line(payload)


class _Rewritten:
    """Parts of a file as they are written again."""

    def __init__(self, source: IO[bytes], codec: str) -> None:
        from fastavro.write import Writer

        self._source = source
        self._end_of_header = source.tell()
        source.seek(self._end_of_header - SYNC_BYTES)
        self._scratch = io.BytesIO()
        self._writer: Any = Writer(self._scratch, "null", codec=codec, sync_marker=source.read(SYNC_BYTES))

    def header(self) -> bytes:
        """The header with the schema, the metadata and the codec."""
        return self._stored(0, self._end_of_header)

    def without(self, block: Block, records: list[_Record], kept: list[_Record]) -> bytes:
        """The block with the kept ones of its records alone."""
        if len(kept) == len(records):
            return self._stored(block.start, block.end)
        if not kept:
            return b""
        left = io.BytesIO(b"".join(block.content[record.start : record.end] for record in kept))
        self._scratch.seek(0)
        self._scratch.truncate()
        self._writer.write_block(SimpleNamespace(num_records=len(kept), bytes_=left))
        return self._scratch.getvalue()

    def _stored(self, start: int, end: int) -> bytes:
        at = self._source.tell()
        self._source.seek(start)
        stored = self._source.read(end - start)
        self._source.seek(at)
        return stored


AVRO = FileFormat("avro", read, filter_rows, may_be_empty=False, seeks=True)
