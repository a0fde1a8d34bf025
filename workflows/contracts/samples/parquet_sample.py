"""Columns of a Parquet sample: their types are those of the file."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import IO, TYPE_CHECKING, Any, Final

from workflows.contracts.samples.facts import DraftError, Facts, SampleColumn

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pyarrow as pa

_BATCH: Final = 10_000  # rows
_MAX_PRECISION: Final = 38
_MOST_EXACT: Final = 2**53  # up to which a double is one whole number
_INDEX: Final = re.compile(r"__index_level_[0-9]+__")  # of pandas
# Arrow's name of a type, without its parameters -> Iceberg type
_TYPES: Final = {
    "bool": "boolean",
    "int8": "int",
    "int16": "int",
    "int32": "int",
    "uint8": "int",
    "uint16": "int",
    "int64": "long",
    "uint32": "long",
    "uint64": "decimal(20,0)",
    "halffloat": "float",
    "float": "float",
    "double": "double",
    "date32": "date",
    "date64": "date",
    "timestamp": "timestamp",
    "string": "string",
    "large_string": "string",
    "string_view": "string",
    "binary": "binary",
    "large_binary": "binary",
    "fixed_size_binary": "binary",
    "binary_view": "binary",
    "null": "string",
    "time32": "string",
    "time64": "string",
    "duration": "string",
}


class ParquetSample:
    """A Parquet file."""

    def __init__(self, file: IO[bytes], name: str) -> None:
        self.notes: list[str] = []
        self._file, self._name = file, name

    def columns(self) -> tuple[SampleColumn, ...]:
        """The columns with the types of the file; those without a null are required. Reads all rows."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._file.seek(0)
        try:
            parquet = pq.ParquetFile(self._file)
            columns = tuple(self._columns(parquet.schema_arrow, parquet.iter_batches(_BATCH)))
        except (pa.ArrowException, OSError, ValueError) as error:
            raise DraftError(f"{self._name} can't be read as Parquet: {error}") from error
        self.notes = [
            f"{column.header}: the index of pandas is left out; write the file with index=False."
            for column in columns
            if _INDEX.fullmatch(column.header)
        ]
        return tuple(column for column in columns if not _INDEX.fullmatch(column.header))

    def _columns(self, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> Iterator[SampleColumn]:
        nulls = dict.fromkeys(schema.names, 0)
        texts = {field.name: Facts(field.name, is_typed=True) for field in schema if _is_text(field.type)}
        whole = {field.name: True for field in schema if str(field.type) in ("float", "double")}
        rows = 0
        for batch in batches:
            for name, column in zip(schema.names, batch.columns, strict=True):
                nulls[name] += column.null_count
                if whole.get(name):
                    whole[name] = _are_whole(column)
                if name in texts:
                    for text in column.to_pylist():
                        texts[name].add(text, rows)
            rows += batch.num_rows
        if not rows:
            raise DraftError(f"Expected rows in {self._name}, got none; use a sample with rows.")
        for field in schema:
            name, without = field.name, nulls[field.name]
            column = _column(field, required=not without, rows_without=without)
            yield replace(
                column,
                values=texts[name].valid_values() if name in texts else (),
                key_type="long" if whole.get(name) else None,
            )


def _is_text(kind: pa.DataType) -> bool:
    return str(kind) in ("string", "large_string", "string_view")


def _are_whole(column: pa.Array[Any]) -> bool:
    """Whether all numbers of a column of doubles are whole ones that a double holds exactly."""
    return all(
        value is None or (value.is_integer() and abs(value) <= _MOST_EXACT) for value in column.to_pylist()
    )


def _column(field: Any, *, required: bool, rows_without: int = 0, path: str = "") -> SampleColumn:
    import pyarrow as pa

    kind, path = field.type, f"{path}{field.name}"
    if isinstance(kind, pa.DictionaryType):
        kind = kind.value_type
    if isinstance(kind, pa.BaseExtensionType):
        kind = kind.storage_type
    if pa.types.is_struct(kind):
        inner = (_column(one, required=False, path=f"{path}.") for one in kind)
        return SampleColumn(field.name, "struct", required, rows_without, tuple(inner))
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        element = _column(kind.value_field.with_name("element"), required=False, path=f"{path}.")
        return SampleColumn(field.name, "list", required, rows_without, (element,))
    return SampleColumn(field.name, _scalar(kind, path), required, rows_without)


def _scalar(kind: pa.DataType, path: str) -> str:
    name = str(kind)
    if found := re.fullmatch(r"decimal[0-9]+\(([0-9]+), (-?[0-9]+)\)", name):
        precision, scale = int(found[1]), int(found[2])
        precision, scale = (precision, scale) if scale >= 0 else (precision - scale, 0)
        if precision <= _MAX_PRECISION:
            return f"decimal({precision},{scale})"
        advice = f"write decimals of at most {_MAX_PRECISION} digits, or text"
    else:
        if known := _TYPES.get(re.split(r"[\[(]", name)[0]):
            return known
        advice = "write it as a struct, or as a list of structs" if "map" in name else "write it as text"
    raise DraftError(f"Expected a type that a contract has for {path}, got {name}; {advice}.")
