"""How a live table has to change to hold what its contract says, and which changes are refused.

Accepted is only what Iceberg does in place and what leaves the existing rows valid: a new optional column, a
wider type, and a required column if every row has a value. Everything else is refused, with what to do
instead. A table that was created before `Declared` was stored takes it from the contract that is current when
the table is first compared. Standard library only.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from expectations.contract import Column, Contract, Partition
from expectations.declared import Declared, column_paths

_WIDER = {("int", "long"), ("float", "double")}
_NEW_DATASET = "load the data into a dataset of another name"


@dataclass(frozen=True, slots=True)
class LiveTable:
    """A table as it exists, without Glueline's own columns (`_…`). Its required columns are its key."""

    columns: tuple[Column, ...]
    partitions: tuple[Partition, ...]
    declared: Declared | None = None


@dataclass(frozen=True, slots=True)
class Addition:
    """A column that the table lacks. `path` leads into structs and lists (`element`)."""

    path: tuple[str, ...]
    column: Column


@dataclass(frozen=True, slots=True)
class Widening:
    """A column whose type becomes that of `column`."""

    path: tuple[str, ...]
    column: Column


@dataclass(frozen=True, slots=True)
class Declaration:
    """The property to store with the table. `is_first` if the table has none yet."""

    declared: Declared
    is_first: bool


type TableChange = Addition | Widening | Declaration
type HasNull = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Plan:
    """The changes to apply. If there are refusals, none of the changes may be applied."""

    changes: tuple[TableChange, ...]
    refusals: tuple[str, ...]


def partition(column: str, transform: str) -> Partition:
    """A partition by the name that Iceberg stores: `day`, where contracts and DDL say `days`."""
    is_time = transform in ("year", "month", "day", "hour")
    return Partition(column, f"{transform}s" if is_time else transform)


def plan(live: LiveTable, contract: Contract, has_null: HasNull) -> Plan:
    """The changes that bring the table to the contract, and what the contract may not change.

    `has_null` says whether any row of the dataset has no value in a column. It reads data, so it is called
    only for columns that become required.
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
) -> Iterator[TableChange | str]:
    have = {column.name: column for column in live}
    want = {column.name: column for column in wanted}
    missing = [column for column in live if column.name not in want]
    new = [column for column in wanted if column.name not in have]
    renamed = {column.name: other for column in missing if (other := _renamed(column, new))}
    for column in missing:
        yield _refuse_missing(path, column, renamed.get(column.name))
    for column in new:
        if column in renamed.values():
            continue
        if column.name in key:
            yield f"{_named(path, column)}: expected the live table's key, got another column; {_NEW_DATASET}"
        elif column.required:
            yield (
                f"{_named(path, column)}: expected a new column to be optional, got a required one: existing "
                "rows have no value for it; declare it optional"
            )
        else:
            yield Addition((*path, column.name), column)
    for name, column in want.items():
        if name in have:
            yield from _compare_types((*path, name), have[name], column)


def _compare_types(path: tuple[str, ...], live: Column, wanted: Column) -> Iterator[TableChange | str]:
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
            "long, float to double, decimal to one with more digits and the same scale), got "
            f"{wanted.type}; add an optional column of that type beside it"
        )


def _is_wider(live: Column, wanted: Column) -> bool:
    if live.kind == wanted.kind == "decimal":
        (precision, scale), (wider, same) = live.precision_scale, wanted.precision_scale
        return scale == same and precision < wider
    return (live.type, wanted.type) in _WIDER


def _renamed(missing: Column, new: Sequence[Column]) -> Column | None:
    """The new column that is probably the missing one under another name."""
    by_alias = [column for column in new if missing.name in column.aliases]
    alike = [column for column in new if _shape(column) == _shape(missing)]
    return next(iter([*by_alias, *(alike if len(alike) == 1 else ())]), None)


def _shape(column: Column) -> object:
    return column.type if not column.fields else (column.kind, tuple(map(_shape, column.fields)))


def _refuse_missing(path: tuple[str, ...], column: Column, renamed: Column | None) -> str:
    if renamed is None:
        return (
            f"{_named(path, column)}: expected it in the contract, as in the live table, got none: readers "
            "of the table use it, and existing rows would keep values that nothing updates; keep it, optional"
        )
    return (
        f"{_named(path, column)}: expected it in the contract, as in the live table, got {renamed.name}, "
        f"which looks like its new name: readers of the table use the old name; keep {column.name}, and add "
        f"{renamed.name} to its aliases if messages and drops use that name"
    )


def _compare_key(live: LiveTable, contract: Contract) -> Iterator[str]:
    required = {column.name for column in live.columns if column.required}
    kept = [name for name in contract.key if name in {column.name for column in live.columns}]
    if required != set(kept):
        yield (
            f"key: expected {', '.join(sorted(required))} as in the live table, got {', '.join(contract.key)}"
            f": the new key does not identify the existing rows; {_NEW_DATASET}"
        )


def _compare_partitions(live: LiveTable, contract: Contract) -> Iterator[str]:
    if live.partitions != contract.partitions:
        yield (
            f"partitions: expected {_listed(live.partitions)} as in the live table, got "
            f"{_listed(contract.partitions)}: changes would not find rows of the old layout; {_NEW_DATASET}"
        )


def _compare_declared(live: LiveTable, contract: Contract, has_null: HasNull) -> Iterator[TableChange | str]:
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
            f"sequenceColumn: expected {before or 'none'}, which ordered the rows of the live table, got "
            f"{after or 'none'}: versions of the two cannot be compared, and later changes would be "
            f"outranked; keep {before or 'the order of arrival'}, or {_NEW_DATASET}"
        )


def _compare_required(
    live: LiveTable, declared: Declared, wanted: Declared, has_null: HasNull
) -> Iterator[str]:
    """Columns and fields that become required. `has_null` answers for columns only, so fields are refused."""
    existing = {path for path, _ in column_paths(live.columns)}
    for path in wanted.required:
        if path in declared.required or path not in existing:
            continue
        is_field = "." in path
        if is_field or has_null(path):
            got = "may have" if is_field else "has"
            yield (
                f"column {path}: expected it to be optional, as in the live table, got a required one: the "
                f"table {got} rows without a value for it, which could be neither repaired nor replayed; "
                f"{'keep' if is_field else 'give those rows a value first, or keep'} it optional"
            )


def _compare_aliases(declared: Declared, contract: Contract) -> Iterator[str]:
    """Names that led to one column and now lead to another."""
    leads_to = {alias: column.name for column in contract.columns for alias in (*column.aliases, column.name)}
    for alias, column in declared.aliases:
        other = leads_to.get(alias, column)
        if other != column:
            yield (
                f"column {other}: expected the name {alias} to lead to {column}, as in the live contract, "
                f"got {other}: values sent under that name would change their column; keep it as an alias "
                f"of {column}, or first deploy a contract without the name, so that senders stop using it"
            )


def _listed(partitions: Sequence[Partition]) -> str:
    return ", ".join(f"{one.transform}({one.column})" for one in partitions) or "none"


def _named(path: tuple[str, ...], column: Column) -> str:
    return f"column {'.'.join((*path, column.name))}"
