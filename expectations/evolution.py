"""What has to be done to a live table so that it holds what its contract says, and what can't be done to it.

Only what Iceberg does in place, and what leaves every row that is there as true as it was: an optional column
more, a wider type, or a required column where every row has a value. All else is refused, with what to do
instead. Standard library only.

What rows were accepted under does not show in a table's columns: which column ordered them, which were
required, and which other names led to a column. It is stored in the table's properties (`Declared`). A table
that was made before it was stored takes it from the contract that is there when it is first looked at.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

from expectations.contract import Column, Contract, Partition

DECLARED = "glueline.contract"  # the table property
_WIDER = {("int", "long"), ("float", "double")}


@dataclass(frozen=True, slots=True)
class Declared:
    """What a contract says of rows that its tables' columns don't show."""

    sequence_column: str | None
    required: tuple[str, ...]  # dotted paths of required columns and fields, sorted
    aliases: tuple[tuple[str, str], ...] = ()  # alias, column; sorted

    @classmethod
    def of(cls, contract: Contract) -> Self:
        """What this contract says."""
        aliases = {alias: column.name for column in contract.columns for alias in column.aliases}
        required = (path for path, column in _paths(contract.columns) if column.required)
        return cls(contract.sequence_column, tuple(sorted(required)), tuple(sorted(aliases.items())))

    @classmethod
    def stored(cls, properties: Mapping[str, str]) -> Self | None:
        """What the table's properties say; None of a table that was made before it was stored."""
        if DECLARED not in properties:
            return None
        said = json.loads(properties[DECLARED])
        return cls(said["sequenceColumn"], tuple(said["required"]), tuple(sorted(said["aliases"].items())))

    def text(self) -> str:
        """The value of the table property."""
        said = {
            "sequenceColumn": self.sequence_column,
            "required": self.required,
            "aliases": dict(self.aliases),
        }
        return json.dumps(said)


@dataclass(frozen=True, slots=True)
class Live:
    """A table as it is, without the columns that are ours (`_…`); key columns are the required ones."""

    columns: tuple[Column, ...]
    partitions: tuple[Partition, ...]
    declared: Declared | None = None


@dataclass(frozen=True, slots=True)
class Addition:
    """A column that the table lacks; `path` leads into structs and lists (`element`)."""

    path: tuple[str, ...]
    column: Column


@dataclass(frozen=True, slots=True)
class Widening:
    """A column whose type becomes that of `column`."""

    path: tuple[str, ...]
    column: Column


@dataclass(frozen=True, slots=True)
class Declaration:
    """What the contract says of rows, to be stored with the table; `is_first` if nothing is stored yet."""

    declared: Declared
    is_first: bool


def partition(column: str, transform: str) -> Partition:
    """A partition by Iceberg's name of its transform: contracts say `days`, as its DDL does; it, `day`."""
    is_time = transform in ("year", "month", "day", "hour")
    return Partition(column, f"{transform}s" if is_time else transform)


type Change = Addition | Widening | Declaration
type HasNull = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do, unless there are refusals: then nothing."""

    changes: tuple[Change, ...]
    refusals: tuple[str, ...]


def plan(live: Live, contract: Contract, has_null: HasNull) -> Plan:
    """What brings the table to the contract.

    `has_null` says whether a row of the dataset lacks a value in a column. It is asked only of columns that
    become required, since it reads data.
    """
    found = [
        *_compare((), live.columns, contract.columns, contract.key),
        *_compare_key(live, contract),
        *_compare_partitions(live, contract),
        *_compare_declared(live, contract, has_null),
    ]
    changes = tuple(one for one in found if not isinstance(one, str))
    refusals = tuple(f"{contract.dataset}: {one}" for one in found if isinstance(one, str))
    return Plan(changes, refusals)


def _compare(
    path: tuple[str, ...], live: Sequence[Column], wanted: Sequence[Column], key: Sequence[str] = ()
) -> Iterator[Change | str]:
    have = {column.name: column for column in live}
    want = {column.name: column for column in wanted}
    gone = [column for column in live if column.name not in want]
    new = [column for column in wanted if column.name not in have]
    renamed = {column.name: other for column in gone if (other := _renamed(column, new))}
    for column in gone:
        yield _gone(path, column, renamed.get(column.name))
    for column in new:
        if column in renamed.values():
            continue
        if column.name in key:
            yield f"{_named(path, column)}: expected the live table's key, got one column more; {_AS_NEW}"
        elif column.required:
            yield (
                f"{_named(path, column)}: expected new columns to be optional, got a required one: rows that "
                "are there have no value for it; declare it optional"
            )
        else:
            yield Addition((*path, column.name), column)
    for name, column in want.items():
        if name in have:
            yield from _compare_types((*path, name), have[name], column)


def _compare_types(path: tuple[str, ...], live: Column, wanted: Column) -> Iterator[Change | str]:
    if live.kind == wanted.kind == "struct":
        yield from _compare(path, live.fields, wanted.fields)
    elif live.kind == wanted.kind == "list":
        element = wanted.fields[0]
        yield from _compare_types((*path, "element"), live.fields[0], replace(element, name="element"))
    elif live.type == wanted.type:
        return
    elif _is_wider(live, wanted):
        yield Widening(path, wanted)
    else:
        yield (
            f"column {'.'.join(path)}: expected {live.type} as in the live table, or a wider type (int to "
            "long, float to double, decimal to one of more digits and the same scale), got "
            f"{wanted.type}; add an optional column of that type beside it"
        )


def _is_wider(live: Column, wanted: Column) -> bool:
    if live.kind == wanted.kind == "decimal":
        (precision, scale), (wider, same) = live.precision_scale, wanted.precision_scale
        return scale == same and precision < wider
    return (live.type, wanted.type) in _WIDER


_AS_NEW = "make it a dataset of another name, and load it anew"


def _renamed(gone: Column, new: Sequence[Column]) -> Column | None:
    """The new column that looks like the one that is gone by another name."""
    by_alias = [column for column in new if gone.name in column.aliases]
    alike = [column for column in new if _shape(column) == _shape(gone)]
    return next(iter([*by_alias, *(alike if len(alike) == 1 else ())]), None)


def _shape(column: Column) -> object:
    return column.type if not column.fields else (column.kind, tuple(map(_shape, column.fields)))


def _gone(path: tuple[str, ...], column: Column, renamed: Column | None) -> str:
    if renamed is None:
        return (
            f"{_named(path, column)}: expected it in the contract, as the live table has it, got none: "
            "readers of the table use it, and rows would keep values that nothing updates; keep it, optional"
        )
    return (
        f"{_named(path, column)}: expected it in the contract, as the live table has it, got {renamed.name}, "
        f"which looks like its new name: readers of the table know the old one; keep {column.name}, with "
        f"{renamed.name} among its aliases if messages and drops bring it by that name"
    )


def _compare_key(live: Live, contract: Contract) -> Iterator[str]:
    required = {column.name for column in live.columns if column.required}
    kept = [name for name in contract.key if name in {column.name for column in live.columns}]
    if required != set(kept):
        yield (
            f"key: expected {', '.join(sorted(required))} as in the live table, got {', '.join(contract.key)}"
            f": rows of the old key can't be told apart by the new one; {_AS_NEW}"
        )


def _compare_partitions(live: Live, contract: Contract) -> Iterator[str]:
    if live.partitions != contract.partitions:
        yield (
            f"partitions: expected {_listed(live.partitions)} as in the live table, got "
            f"{_listed(contract.partitions)}: rows would lie in two layouts, and changes miss them; {_AS_NEW}"
        )


def _compare_declared(live: Live, contract: Contract, has_null: HasNull) -> Iterator[Change | str]:
    wanted = Declared.of(contract)
    if live.declared is not None:
        yield from _compare_sequence(live.declared, wanted)
        yield from _compare_required(live, live.declared, wanted, has_null)
        yield from _compare_aliases(live.declared, contract)
    if live.declared != wanted:
        yield Declaration(wanted, is_first=live.declared is None)


def _compare_sequence(declared: Declared, wanted: Declared) -> Iterator[str]:
    before, after = declared.sequence_column, wanted.sequence_column
    if before != after:
        yield (
            f"sequenceColumn: expected {before or 'none'} as rows of the live table were ordered by, got "
            f"{after or 'none'}: versions by the one can't be compared with versions by the other, and later "
            f"changes would be outranked; keep {before or 'the order of arrival'}, or {_AS_NEW}"
        )


def _compare_required(live: Live, declared: Declared, wanted: Declared, has_null: HasNull) -> Iterator[str]:
    """Columns and fields that were optional. Of columns the table can be asked whether rows lack them."""
    there = {path for path, _ in _paths(live.columns)}
    for path in wanted.required:
        if path in declared.required or path not in there:
            continue
        is_field = "." in path
        if is_field or has_null(path):
            got = "may have" if is_field else "has"
            yield (
                f"column {path}: expected it optional, as it was for rows of the live table, got a required "
                f"one: the table {got} rows without a value for it, which could be neither repaired nor "
                f"replayed; {'keep' if is_field else 'give those rows a value first, or keep'} it optional"
            )


def _compare_aliases(declared: Declared, contract: Contract) -> Iterator[str]:
    """A name that led to one column, and is to lead to another."""
    leads_to = {alias: column.name for column in contract.columns for alias in (*column.aliases, column.name)}
    for alias, column in declared.aliases:
        other = leads_to.get(alias, column)
        if other != column:
            yield (
                f"column {other}: expected the name {alias} to lead to {column}, as it does in the live "
                f"contract, got {other}: values that are sent by that name would change their column; keep "
                f"it an alias of {column}, or deploy once without the name, so that senders give it up"
            )


def _paths(columns: Sequence[Column], parent: str = "") -> Iterator[tuple[str, Column]]:
    """Every column and every field inside one, by its dotted path; a list's element is `element`."""
    for column in columns:
        yield f"{parent}{column.name}", column
        yield from _paths(column.fields, f"{parent}{column.name}.")


def _listed(partitions: Sequence[Partition]) -> str:
    return ", ".join(f"{one.transform}({one.column})" for one in partitions) or "none"


def _named(path: tuple[str, ...], column: Column) -> str:
    return f"column {'.'.join((*path, column.name))}"
