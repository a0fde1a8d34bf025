"""Rewrites the fields of CSV rows as the texts that all doors read, where their dialect differs."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial

from expectations.contract import Column, Contract
from expectations.file_values import FieldFault, ReadField, field_reader
from expectations.spellings import columns_by_spelling
from jobs.reading.formats.csv_rows import Fields
from jobs.reading.formats.exact_numbers import with_exact_value
from jobs.reading.formats.header import OP

_DELETE = "delete"
_FAULTS_SHOWN = 3


class RowValues:
    """Rewrites the fields of rows.

    `readers` are by the positions of their columns, `op` is the position of the column `_op`, and `decisive`
    are the columns that a delete has to have too.
    """

    def __init__(
        self, readers: Mapping[int, tuple[str, ReadField]], op: int | None, decisive: Collection[str | None]
    ) -> None:
        self._readers = readers
        self._op = op
        self._decisive = decisive

    def rewrite(self, fields: Fields) -> str | None:
        """Rewrite the fields of a row in place. The reason against them, if there is one."""
        faults = list[str]()
        for position, (column, read) in self._readers.items():
            field = fields[position]
            if field is None:
                continue
            try:
                fields[position] = read(field)
            except FieldFault as fault:
                if column in self._decisive or not self._is_delete(fields):
                    faults.append(str(fault))
                else:
                    fields[position] = None
        if len(faults) > _FAULTS_SHOWN:
            faults[_FAULTS_SHOWN:] = [f"and {len(faults) - _FAULTS_SHOWN} more"]
        return "; ".join(faults) or None

    def _is_delete(self, fields: Fields) -> bool:
        return self._op is not None and (fields[self._op] or "").strip().lower() == _DELETE


def row_values(names: Sequence[str], contract: Contract) -> RowValues | None:
    """What rewrites the fields of rows with these columns; None if all fields stay as they are."""
    known = columns_by_spelling(contract.columns)
    columns = {column.name: column for column in contract.columns}
    readers = dict[int, tuple[str, ReadField]]()
    for position, name in enumerate(names):
        column = columns.get(known.get(name, ""))
        if column is not None and (read := _reader(column, contract)) is not None:
            readers[position] = (column.name, read)
    if not readers:
        return None
    op = names.index(OP) if OP in names else None
    return RowValues(readers, op, {*contract.key, contract.sequence_column})


def _reader(column: Column, contract: Contract) -> ReadField | None:
    if column.kind in ("struct", "list"):
        return partial(with_exact_value, column=column)
    return field_reader(column, contract.csv)
