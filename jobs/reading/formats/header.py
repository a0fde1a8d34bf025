"""The column names of a file that names them once for all rows."""

from collections import Counter
from collections.abc import Sequence

from expectations.contract import Contract
from expectations.spellings import columns_by_spelling
from jobs.reading.formats.rows import KeysToErase, UnreadableFile, readable

OP = "_op"  # the optional column of a drop: upsert or delete
_NAMES_SHOWN = 10  # of a header's faults


def check_header(contract: Contract, names: Sequence[str]) -> None:
    """UnreadableFile unless the names are the contract's, each once, and none that a row needs is missing.

    With an `_op` column, the file may hold only deletes, which need their key and sequence column alone.
    """
    column_of = columns_by_spelling(contract.columns)
    found = [column_of.get(name, name) for name in names]
    known = {column.name for column in contract.columns}
    needed = [
        column.name
        for column in contract.columns
        if column.name in {*contract.key, contract.sequence_column}
        or (column.required and not column.has_default and OP not in found)
    ]
    faults = {
        "missing": [name for name in needed if name not in found],
        "unknown": [name for name in names if column_of.get(name, name) not in {*known, OP}],
        "twice": sorted(name for name, times in Counter(found).items() if times > 1),
    }
    if any(faults.values()):
        got = "; ".join(f"{fault}: {_listed(names)}" for fault, names in faults.items() if names)
        raise UnreadableFile(f"header: expected the columns of contract {contract.dataset}, got {got}")


def key_positions(header: Sequence[str], keys: KeysToErase) -> dict[str, list[int]]:
    """Key column -> its positions in a row. UnreadableFile if the header lacks one.

    An empty file has no header and no rows. A column that the header names twice has several positions: no
    door takes such a file, and any of them may be meant.
    """
    positions = {
        column: [position for position, name in enumerate(header) if name in names]
        for column, names in keys.names.items()
    }
    if header and not all(positions.values()):
        missing = ", ".join(sorted(column for column, found in positions.items() if not found))
        raise UnreadableFile(f"header: expected the key's columns, {missing} missing")
    return positions


def _listed(names: Sequence[str]) -> str:
    """The first of the names, which may be anything: a file of the wrong kind has a header too."""
    more = len(names) - _NAMES_SHOWN
    shown = ", ".join(name[:100] for name in names[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
    return readable(shown)
