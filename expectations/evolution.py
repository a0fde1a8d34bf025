"""What has to be done to a live table so that it holds what its contract says, and what can't be done to it.

Only what Iceberg does in place, and what leaves every row that is there as true as it was: an optional column
more, or a wider type. All else is refused, with what to do instead. Standard library only.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from expectations.contract import Column, Contract, Partition

_WIDER = {("int", "long"), ("float", "double")}


@dataclass(frozen=True, slots=True)
class Live:
    """A table as it is, without the columns that are ours (`_…`); key columns are the required ones."""

    columns: tuple[Column, ...]
    partitions: tuple[Partition, ...]


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


def partition(column: str, transform: str) -> Partition:
    """A partition by Iceberg's name of its transform: contracts say `days`, as its DDL does; it, `day`."""
    is_time = transform in ("year", "month", "day", "hour")
    return Partition(column, f"{transform}s" if is_time else transform)


type Change = Addition | Widening


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do, unless there are refusals: then nothing."""

    changes: tuple[Change, ...]
    refusals: tuple[str, ...]


def plan(live: Live, contract: Contract) -> Plan:
    """What brings the table to the contract."""
    found = [
        *_compare((), live.columns, contract.columns, contract.key),
        *_compare_key(live, contract),
        *_compare_partitions(live, contract),
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


def _listed(partitions: Sequence[Partition]) -> str:
    return ", ".join(f"{one.transform}({one.column})" for one in partitions) or "none"


def _named(path: tuple[str, ...], column: Column) -> str:
    return f"column {'.'.join((*path, column.name))}"
