"""A file of each format with the same rows. A new format joins here, and the tests of all formats take it."""

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence

import fastavro
import pyarrow as pa
from pyarrow import orc

from jobs.reading.formats.compression import COMPRESSIONS
from jobs.reading.formats.registry import FORMATS
from tests.jobs.reading.formats.reading import parquet
from tests.jobs.reading.formats.workbooks import of_rows

type Rows = Sequence[Mapping[str, str | None]]
type Write = Callable[[Sequence[str], Rows], bytes]


def _csv(names: Sequence[str], rows: Rows) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, names, quoting=csv.QUOTE_NOTNULL)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _json(names: Sequence[str], rows: Rows) -> bytes:
    return json.dumps(rows, indent=2, ensure_ascii=False).encode()


def _json_lines(names: Sequence[str], rows: Rows) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def _parquet(names: Sequence[str], rows: Rows) -> bytes:
    return parquet(pa.table({name: pa.array([row[name] for row in rows], pa.string()) for name in names}))


def _orc(names: Sequence[str], rows: Rows) -> bytes:
    file = io.BytesIO()
    orc.write_table(
        pa.table({name: pa.array([row[name] for row in rows], pa.string()) for name in names}), file
    )
    return file.getvalue()


def _avro(names: Sequence[str], rows: Rows) -> bytes:
    fields = [{"name": name, "type": ["null", "string"]} for name in names]
    file = io.BytesIO()
    fastavro.writer(file, {"type": "record", "name": "row", "fields": fields}, rows, sync_interval=100)
    return file.getvalue()


def _xlsx(names: Sequence[str], rows: Rows) -> bytes:
    return of_rows(list(names), *([row[name] for name in names] for row in rows))


EXAMPLES: Mapping[str, Write] = {
    "avro": _avro,
    "csv": _csv,
    "json": _json,
    "jsonl": _json_lines,
    "orc": _orc,
    "parquet": _parquet,
    "xlsx": _xlsx,
}
FIRST_ROW = {"xlsx": 2}  # the number of the first row below the header, if that is not 1
ALL_FORMATS = [*FORMATS, *(f"{name}.{packed}" for name in FORMATS for packed in COMPRESSIONS)]


def example(file_format: str, names: Sequence[str], rows: Rows) -> bytes:
    """A file of a format, maybe compressed (`csv.gz`)."""
    plain, _, packed = file_format.partition(".")
    content = EXAMPLES[plain](names, rows)
    if not packed:
        return content
    target = io.BytesIO()
    with COMPRESSIONS[packed].packed(target, f"rows.{plain}") as file:
        file.write(content)
    return target.getvalue()
