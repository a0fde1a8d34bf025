"""A data contract as frozen values.

Standard library only, as every cold start of a Lambda imports this. `expectations.odcs` reads contracts from
YAML; a deployed Lambda reads the same contracts from JSON with `load_compiled`.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from expectations.access_patterns import AccessPattern
from expectations.existing_table import OWN_TABLE, ExistingTable, ItemTable, OwnTable, table_from
from expectations.file_dialect import RFC_4180, CsvDialect
from expectations.message_format import MessageFormat

type JsonValue = bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None
type Row = dict[str, Any]  # column name -> JSON value, numbers with a fraction as Decimal


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a column's values, from `logicalTypeOptions`; those of dates and timestamps are text."""

    minimum: int | float | str | None = None
    maximum: int | float | str | None = None
    exclusive_minimum: int | float | str | None = None
    exclusive_maximum: int | float | str | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    enum: tuple[JsonValue, ...] = field(default=(), hash=False)
    not_in: tuple[JsonValue, ...] = field(default=(), hash=False)  # values that count as missing
    min_items: int | None = None
    max_items: int | None = None
    multiple_of: int | float | None = None


NO_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Column:
    """One column; `type` is an Iceberg type: string, int, …, decimal(p,s), struct<a: int>, list<string>."""

    name: str
    type: str
    required: bool = False
    fields: tuple["Column", ...] = ()  # of a struct; a list has one, named "element"
    aliases: tuple[str, ...] = ()
    default: JsonValue = field(default=None, hash=False)
    has_default: bool = False  # distinguishes a default of null from no default
    classification: str | None = None
    description: str = ""
    limits: Limits = NO_LIMITS
    format: str | None = None  # of a date or timestamp in CSV, in letters of Java; ISO 8601 if there is none

    @property
    def kind(self) -> str:
        """The type without its parameters: `decimal` for `decimal(10,2)`, `list` for `list<int>`."""
        return self.type.partition("(")[0].partition("<")[0]

    @property
    def precision_scale(self) -> tuple[int, int]:
        """Precision and scale of a decimal column."""
        precision, scale = self.type.removeprefix("decimal(").removesuffix(")").split(",")
        return int(precision), int(scale)


@dataclass(frozen=True, slots=True)
class Partition:
    """A partition field; `transform` is identity, years, months, days, hours, bucket[n] or truncate[n]."""

    column: str
    transform: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One quality rule: an expectation of Great Expectations and its arguments."""

    name: str  # unique within the contract; reasons and results name it
    expectation: str
    kwargs: Mapping[str, JsonValue] = field(hash=False)
    description: str = ""
    severity: str = "critical"  # critical | warning | info, as in Great Expectations


@dataclass(frozen=True, slots=True)
class Contract:
    """One dataset: its columns, key, partitions and rules. `source` is the name of the contract file."""

    dataset: str
    version: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]  # names of the key columns in key order
    partitions: tuple[Partition, ...] = ()
    sequence_column: str | None = None
    rules: tuple[Rule, ...] = ()
    source: str = ""
    csv: CsvDialect = RFC_4180  # of its CSV files
    table: ItemTable = OWN_TABLE  # where its items are
    patterns: tuple[AccessPattern, ...] = ()  # the questions that the Data API answers by an index
    messages: MessageFormat | None = None  # of its messages, if they are not Glueline's own CloudEvents

    def table_name(self, prefix: str) -> str:
        """The name of its DynamoDB table; `prefix` is that of the tables that the stack makes."""
        return self.table.name_in(prefix, self.dataset)

    def column(self, name: str) -> Column:
        """The column of that name. KeyError, which names the dataset, if there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"dataset {self.dataset} has no column {name}")

    @property
    def key_columns(self) -> tuple[Column, ...]:
        """The key columns in key order."""
        return tuple(self.column(name) for name in self.key)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, from which `from_dict` makes an equal contract."""
        plain: dict[str, Any] = _plain(self)
        return plain

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> "Contract":
        """The contract from the values of `to_dict`, also after they were written and read as JSON."""
        return cls(
            **{
                **plain,
                "columns": tuple(_column(column) for column in plain["columns"]),
                "key": tuple(plain["key"]),
                "partitions": tuple(Partition(**partition) for partition in plain["partitions"]),
                "rules": tuple(Rule(**rule) for rule in plain["rules"]),
                "csv": _dialect(plain.get("csv", {})),
                "table": table_from(plain.get("table")),
                "patterns": tuple(AccessPattern(**pattern) for pattern in plain.get("patterns", ())),
                "messages": _messages(plain.get("messages")),
            }
        )


def load_compiled(path: str | Path) -> dict[str, Contract]:
    """Dataset -> contract, from a file that `python -m expectations compile` wrote."""
    compiled = json.loads(Path(path).read_text(encoding="utf-8"))
    return {dataset: Contract.from_dict(plain) for dataset, plain in compiled.items()}


def dump_compiled(contracts: Mapping[str, Contract]) -> str:
    """The text that `load_compiled` reads. The same contracts always give the same text."""
    plain = {dataset: contracts[dataset].to_dict() for dataset in sorted(contracts)}
    return json.dumps(plain, indent=1, ensure_ascii=False) + "\n"


_PARTS = (
    *(Contract, Column, Limits, Partition, Rule, CsvDialect),
    *(MessageFormat, AccessPattern),
)


def by_existing_table(contracts: Iterable[Contract]) -> dict[str, list[Contract]]:
    """Name of an existing table -> the contracts of datasets that have items in it."""
    tables: dict[str, list[Contract]] = {}
    for contract in contracts:
        if not contract.table.is_own:
            tables.setdefault(contract.table_name(""), []).append(contract)
    return tables


def _plain(value: Any) -> Any:
    if isinstance(value, (OwnTable, ExistingTable)):
        return value.to_dict()
    if isinstance(value, _PARTS):
        return {part.name: _plain(getattr(value, part.name)) for part in fields(value)}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    return value


def _column(plain: Mapping[str, Any]) -> Column:
    return Column(
        **{
            **plain,
            "fields": tuple(_column(inner) for inner in plain["fields"]),
            "aliases": tuple(plain["aliases"]),
            "limits": Limits(
                **plain["limits"] | {name: tuple(plain["limits"][name]) for name in ("enum", "not_in")}
            ),
        }
    )


def _dialect(plain: Mapping[str, Any]) -> CsvDialect:
    given: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in plain.items()
    }
    return CsvDialect(**given)


def _messages(plain: Mapping[str, Any] | None) -> MessageFormat | None:
    if plain is None:
        return None
    pairs = {name: tuple((key, value) for key, value in plain[name]) for name in ("paths", "attributes")}
    return MessageFormat(**{**plain, **pairs})
