"""Drafts the contract of a new dataset from a sample file, a CREATE TABLE statement or a table."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import yaml

from expectations.file_dialect import RFC_4180, CsvDialect
from expectations.keys import KEY_KINDS
from expectations.odcs import load_contract
from expectations.odcs.csv_servers import csv_server
from expectations.odcs.partitions import TRANSFORMS
from workflows.contracts.check import check_at_doors
from workflows.contracts.column_names import ColumnName, can_be_alias, column_names, is_valid, snake_case
from workflows.contracts.sample_check import check_rows, problem_of_drop
from workflows.contracts.samples.csv_sample import CsvSample
from workflows.contracts.samples.ddl import columns_of_ddl, columns_of_glue
from workflows.contracts.samples.facts import DraftError, SampleColumn
from workflows.contracts.samples.sample import columns_of, open_sample

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from expectations.contract import Contract

BUCKETS: Final = 8
_SEQUENCE_KINDS: Final = ("int", "long", "timestamp")
# Names of columns that order the changes of a row, the most telling first.
_SEQUENCE_NAMES: Final = re.compile(
    r"(?P<changed>(?:row_|record_)?(?:updated|modified|changed|last_(?:updated?|modified|changed?|modification))"
    r"(?:_?(?:at|on|time|date|ts|timestamp|datetime|utc|date_time))?|(?:update|modification|change)_?(?:time|timestamp|ts|date))"
    r"|(?P<version>(?:row_|record_|doc_)?version(?:_(?:no|number|id))?|revision|rev)"
    r"|(?P<sequence>sequence(?:_(?:no|number|id))?|seq(?:_?no)?|lsn|event_(?:time|timestamp)|ingested_at)"
)
_LOGICAL: Final = {
    "int": "integer",
    "long": "integer",
    "decimal": "number",
    "float": "number",
    "double": "number",
    "binary": "string",
    "struct": "object",
    "list": "array",
}


@dataclass(frozen=True, slots=True)
class Draft:
    """A drafted contract: the text of its file, and what its author should know about the sample."""

    text: str
    contract: Contract
    notes: tuple[str, ...]
    renamed: Mapping[str, str]  # name in the sample -> name that files have to use, as it can't be an alias


def draft(dataset: str, key: Sequence[str], sequence: str | None, sample: Path) -> Draft:
    """A contract for `dataset`, with a column for each column of the sample, that takes the sample.

    The sample is CSV, JSON or Parquet, and is read whole. Columns have snake_case names, and the sample's
    names as aliases; `key` and `sequence` accept both. Columns with a value in each row become required.
    Changes are ordered by `sequence`, or by a column that is named like one. Rows are spread over buckets of
    the first key column. Raises DraftError.
    """
    with open_sample(sample) as opened:
        dialect = RFC_4180
        if isinstance(opened, CsvSample):
            opened.find_forms(lambda header: _is_one_of(header, key))
            dialect = opened.forms.dialect
        columns = columns_of(opened, sample.name)
        drafted = draft_of_columns(dataset, key, sequence, columns, sample.name, dialect)
        check_rows(drafted.contract, opened, sample, drafted.renamed)
        notes = [*opened.notes, *drafted.notes]
    if problem := problem_of_drop(drafted.contract, sample):
        notes.append(f"{sample.name} can't be dropped as it is: {problem}.")
    return replace(drafted, notes=tuple(dict.fromkeys(notes)))


def draft_from_ddl(dataset: str, key: Sequence[str], sequence: str | None, file: Path) -> Draft:
    """A contract with the columns of a CREATE TABLE statement; without a `key`, with its primary key."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DraftError(f"{file.name} can't be read as SQL: it is not UTF-8; save it as UTF-8.") from error
    columns, primary_key = columns_of_ddl(text, dataset, file.name)
    return draft_of_columns(dataset, key or primary_key, sequence, columns, file.name)


def draft_from_table(dataset: str, key: Sequence[str], sequence: str | None, name: str, glue: Any) -> Draft:
    """A contract with the columns of a table of the Glue catalog, named `database.table`.

    `glue` is a client of Glue. Raises DraftError if there is no such table.
    """
    database, _, table = name.rpartition(".")
    if not database:
        raise DraftError(f"Expected a table of the Glue catalog as database.table, got {name}.")
    try:
        found = glue.get_table(DatabaseName=database, Name=table)["Table"]
    except glue.exceptions.EntityNotFoundException as error:
        raise DraftError(
            f"Expected a table of the Glue catalog, got {name}, which is none; write database.table."
        ) from error
    return draft_of_columns(dataset, key, sequence, columns_of_glue(found), name)


def draft_of_columns(  # noqa: PLR0913, PLR0917 -- the request, and what was found
    dataset: str,
    key: Sequence[str],
    sequence: str | None,
    given: Iterable[SampleColumn],
    source: str,
    dialect: CsvDialect = RFC_4180,
) -> Draft:
    """A contract for `dataset` with these columns of the source, a file or table. Raises DraftError."""
    if not is_valid(dataset):
        advice = f"name it {snake_case(dataset)}" if snake_case(dataset) else "rename it"
        raise DraftError(f"Expected a lower-case name of a dataset, like orders, got {dataset!r}; {advice}.")
    if not key:
        raise DraftError(f"Expected the key of {dataset}, got none; name its columns by --key.")
    columns = {column.header: column for column in given}
    names = column_names(list(columns))
    keys = list(dict.fromkeys(_header(one, names, source) for one in key))
    for header in keys:
        columns[header] = _key_column(columns[header], source)
    ordering = _proposed(columns, names, keys)
    if sequence is not None:
        ordering = _header(sequence, names, source)
        _check_sequence(columns[ordering], source)
    schema = _schema(dataset, columns, names, keys, ordering)
    text = _text(dataset, schema, dialect)
    renamed = {header: one.name for header, one in names.items() if header not in (one.name, *one.aliases)}
    notes = [note for column in columns.values() for note in column.notes]
    notes += [f"{header}: name it {name} in files." for header, name in renamed.items()]
    if sequence is None and ordering is not None:
        notes.append(f"{names[ordering].name} orders the changes of a key; --sequence names another column.")
    return Draft(text, read_draft(dataset, text), tuple(notes), renamed)


def path_of_new(folder: Path, dataset: str) -> Path:
    """The path of a new contract. Raises DraftError if it exists, or its folder does not."""
    path = folder / f"{dataset}.yaml"
    if path.exists():
        raise DraftError(f"{path} already exists; edit it, or remove it first.")
    if not folder.is_dir():
        raise DraftError(f"The folder {folder} does not exist; create it, or name another by --folder.")
    return path


def write_new(path: Path, text: str) -> None:
    """Write the file whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _is_one_of(header: str, given: Sequence[str]) -> bool:
    """Whether a column is given by its name in the file, its name in the contract, or alike."""
    names = {one.strip() for one in given}
    return header in names or snake_case(header) in {*names, *map(snake_case, names)}


def _header(given: str, names: dict[str, ColumnName], source: str) -> str:
    """The name in the file of the column that is given by this name, its name in the contract, or alike."""
    given = given.strip()
    if given in names:
        return given
    for header, one in names.items():
        if one.name in (given, snake_case(given)):
            return header
    shown = ", ".join(one.name for one in names.values())
    raise DraftError(f"{source} has no column {given}; it has {shown}.")


def _key_column(column: SampleColumn, source: str) -> SampleColumn:
    if column.rows_without:
        raise DraftError(
            f"Expected a value of the key column {column.header} in each row of {source}, got none in "
            f"{column.rows_without} rows; name another key, or fill them."
        )
    kind = column.key_type or column.type
    if kind.partition("(")[0] not in KEY_KINDS:
        raise DraftError(
            f"Expected a key of {', '.join(KEY_KINDS)}, got {column.header}, which is {kind} in "
            f"{source}; name another key, or write it as text."
        )
    return replace(column, type=kind, required=True, values=(), notes=())


def _check_sequence(column: SampleColumn, source: str) -> None:
    kinds = ", ".join(_SEQUENCE_KINDS)
    if column.type not in _SEQUENCE_KINDS:
        raise DraftError(
            f"Expected a sequence column of type {kinds}, got {column.header}, which is {column.type} in "
            f"{source}; name another, or leave --sequence out."
        )
    if not column.required:
        raise DraftError(
            f"Expected a value of the sequence column {column.header} in each row of {source}, got "
            f"none in {column.rows_without} rows; name another, or leave --sequence out."
        )


def _proposed(
    columns: dict[str, SampleColumn], names: dict[str, ColumnName], key: Sequence[str]
) -> str | None:
    """The column that is named like one that orders changes, if it has a fitting type and always a value."""
    found: dict[str, str] = {}
    for header, column in columns.items():
        match = _SEQUENCE_NAMES.fullmatch(names[header].name)
        if match and column.required and column.type in _SEQUENCE_KINDS and header not in key:
            found.setdefault(match.lastgroup or "", header)
    return next((found[group] for group in ("changed", "version", "sequence") if group in found), None)


def _schema(
    dataset: str,
    columns: dict[str, SampleColumn],
    names: dict[str, ColumnName],
    keys: Sequence[str],
    ordering: str | None,
) -> dict[str, Any]:
    schema: dict[str, Any] = {
        "name": dataset,
        "logicalType": "object",
        "physicalType": "table",
        "description": f"One of the {dataset}.",
    }
    if ordering is not None:
        schema["customProperties"] = [{"property": "sequenceColumn", "value": names[ordering].name}]
    taken = {one.name for one in names.values()}
    schema["properties"] = [
        _property(column, names[header], _key_part(column, names[header].name, keys, taken))
        for header, column in columns.items()
    ]
    return schema


def _text(dataset: str, schema: dict[str, Any], dialect: CsvDialect) -> str:
    contract = {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": f"urn:glueline:{dataset}",
        "name": dataset.replace("_", " ").capitalize(),
        "version": "1.0.0",
        "status": "draft",
        "description": {"purpose": "Say what the data is for."},
        **({"servers": [csv_server(dialect)]} if dialect != RFC_4180 else {}),
        "schema": [schema],
    }
    return yaml.safe_dump(contract, sort_keys=False, width=110, allow_unicode=True)


def _key_part(column: SampleColumn, name: str, keys: Sequence[str], taken: set[str]) -> dict[str, Any]:
    """What a key column has besides its type. The first one is the partition, if it can be."""
    if column.header not in keys:
        return {}
    part: dict[str, Any] = {"primaryKey": True, "primaryKeyPosition": keys.index(column.header) + 1}
    can_be_partition = column.type.partition("(")[0] in TRANSFORMS["bucket"] and f"{name}_bucket" not in taken
    if column.header == keys[0] and can_be_partition:
        part |= {"partitioned": True, "partitionKeyPosition": 1, "partitionTransform": f"bucket[{BUCKETS}]"}
    return part


def _property(column: SampleColumn, named: ColumnName, key: dict[str, Any]) -> dict[str, Any]:
    transform = key.pop("partitionTransform", None)
    found = {"name": named.name, **_typed(column), **key}
    if column.required:
        found["required"] = True
    custom = {"aliases": list(named.aliases), "partitionTransform": transform}
    if any(custom.values()):
        found["customProperties"] = [
            {"property": name, "value": value} for name, value in custom.items() if value
        ]
    if column.values:
        found["quality"] = [
            {
                "name": f"{named.name}.known",
                "metric": "invalidValues",
                "arguments": {"validValues": list(column.values)},
                "mustBe": 0,
                "severity": "warning",
                "dimension": "conformity",
                "description": "The values of the sample; severity critical rejects rows with others.",
            }
        ]
    return found


def _typed(column: SampleColumn) -> dict[str, Any]:
    kind = column.type.partition("(")[0]
    found: dict[str, Any] = {"logicalType": _LOGICAL.get(kind, kind), "physicalType": column.type}
    if kind == "struct":
        found["properties"] = _fields(column.fields)
    elif column.format is not None:
        found["logicalTypeOptions"] = {"format": column.format}
    elif kind == "list":
        (element,) = column.fields
        found["items"] = _typed(element) | ({"required": True} if element.required else {})
    return found


def _fields(fields: Sequence[SampleColumn]) -> list[dict[str, Any]]:
    names = column_names([one.header for one in fields])
    for header, one in names.items():
        if header != one.name and not can_be_alias(header):
            raise DraftError(
                f"Expected names of fields that a contract can have as aliases, got {header!r}; rename it to "
                f"{one.name} in the file."
            )
    # Rules are about columns, not about fields.
    return [_property(replace(one, values=()), names[one.header], {}) for one in fields]


def read_draft(dataset: str, text: str) -> Contract:
    """The contract as the reader of contracts and the validators of the Lambdas take it."""
    with TemporaryDirectory() as folder:
        path = Path(folder, f"{dataset}.yaml")
        path.write_text(text, encoding="utf-8")
        contract = load_contract(path)
    check_at_doors({dataset: contract})
    return contract
