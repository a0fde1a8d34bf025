"""Reading a file of any format, as the tests of all formats do."""

import io
import json

import pyarrow as pa
import pyarrow.parquet as pq

from expectations.contract import Column, Contract
from jobs.reading.formats.registry import read_rows
from jobs.reading.formats.rows import ReceivedRow

CONTRACT = Contract(
    dataset="things",
    version="1",
    description="",
    columns=(
        Column("id", "long", required=True),
        Column("unit_price", "decimal(10,2)", required=True, aliases=("cost",)),
        Column("state", "string", required=True, default="new", has_default=True),
        Column("note", "string"),
    ),
    key=("id",),
)
PRICES = Contract(
    dataset="prices",
    version="1",
    description="",
    columns=(
        Column("price_id", "long", required=True),
        Column("code", "string"),
        Column("label", "string"),
        Column("price", "decimal(10,2)"),
        Column("valid_from", "timestamp"),
        Column("valid_to", "timestamp"),
        Column("day", "date"),
        Column("amounts", "list<decimal(10,2)>", fields=(Column("element", "decimal(10,2)"),)),
        Column("place", "struct<street: string, since: date>", fields=(
            Column("street", "string"), Column("since", "date"),
        )),
    ),
    key=("price_id",),
)  # fmt: skip


def read(file_format: str, content: bytes | str, contract: Contract = CONTRACT) -> list[ReceivedRow]:
    body = content.encode() if isinstance(content, str) else content
    return list(read_rows(file_format, io.BytesIO(body), contract))


def payloads(file_format: str, content: bytes | str) -> list[object]:
    return [json.loads(row.payload or "null") for row in read(file_format, content)]


def parquet(table: pa.Table) -> bytes:
    """A Parquet file with the table."""
    file = io.BytesIO()
    pq.write_table(table, file)
    return file.getvalue()
