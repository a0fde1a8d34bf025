"""What a hostile file is: what is wrong with it, which rows are accepted, and why the others are rejected."""

import io
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

FOLDER = Path(__file__).with_name("files")
HEADER = "product_id,manufacturer_id,department,brand,product_category,product_type,package_size"
LINE = "{},2,GROCERY,National,FRUIT,APPLES,1 LB"
GOOD = "\n".join([HEADER, LINE.format(1), LINE.format(2), ""])
GOOD_JSON = '{"product_id":1,"manufacturer_id":2,"department":"GROCERY","brand":"National"}\n'

type Rejected = dict[int | None, str]  # row, None for the file as a whole -> the start of its only reason


class HostileFile(NamedTuple):
    """A drop of products, or of another dataset, with its name and content."""

    name: str
    wrong: str
    accepted: tuple[int, ...]  # rows
    rejected: Rejected
    content: bytes
    dataset: str = "products"


def stored(
    name: str, wrong: str, accepted: tuple[int, ...] = (), rejected: Rejected | None = None
) -> HostileFile:
    """A text file of the folder beside this module."""
    return HostileFile(name, wrong, accepted, rejected or {}, (FOLDER / name).read_bytes())


def made(
    name: str,
    wrong: str,
    content: str | bytes,
    accepted: tuple[int, ...] = (),
    rejected: Rejected | None = None,
) -> HostileFile:
    """A file that is binary, large, or of an encoding that an editor would change."""
    body = content.encode() if isinstance(content, str) else content
    return HostileFile(name, wrong, accepted, rejected or {}, body)


def not_of_type(column: str, got: str, expected: str = "long") -> str:
    """The start of the reason for a value that is not of its column's type."""
    return f"type: column {column}: expected {expected}, got '{got}"


def parquet(**columns: Any) -> bytes:
    """Two good products as Parquet, with these columns changed; None removes one."""
    file = io.BytesIO()
    pq.write_table(_products(columns), file)
    return file.getvalue()


def orc(**columns: Any) -> bytes:
    """Two good products as ORC, with these columns changed; None removes one."""
    from pyarrow.orc import write_table

    file = io.BytesIO()
    write_table(_products(columns), file)
    return file.getvalue()


def _products(columns: dict[str, Any]) -> pa.Table:
    good = {
        "product_id": [1, 2],
        "manufacturer_id": [2, 2],
        "department": ["GROCERY", "GROCERY"],
        "brand": ["National", "National"],
    }
    return pa.table({name: values for name, values in (good | columns).items() if values is not None})


NOT_JSON = "json: expected one JSON object on the line: "
NO_OBJECT = "json: expected a JSON object, got '"
ANOTHER_HEADER = "header: expected the columns of contract products, got "
NO_HEADER = f"{ANOTHER_HEADER}missing: product_id, manufacturer_id, department, brand; unknown: "
TWICE = "json: expected every name once in an object"
NO_GZIP = "gzip: expected a complete gzip file"
NO_PARQUET = "parquet: expected a Parquet file"
NO_ORC = "orc: expected an ORC file"
