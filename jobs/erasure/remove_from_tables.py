"""Phase `remove-from-tables`: no query of a table and no file of its newest snapshot has their rows."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from jobs.erasure.context import ErasureContext, newer
from jobs.erasure.notes import TableNote, TablesNote
from jobs.erasure.table_files import has_rows_in_files, newest_sequence_number, remove_from_table
from jobs.erasure.tables import erasable_tables
from jobs.runtime.log import step


def remove_from_tables(context: ErasureContext) -> None:
    """Remove the rows from each table. What is found is noted before it is removed.

    Raises RowsLeft if another job committed rows meanwhile.
    """
    note = replace(context.note(TablesNote), began=datetime.now(UTC).isoformat())
    for table in erasable_tables(context.spark, context.lake, context.contract, context.keys):
        with step(f"erase: {table.name}"):
            known, found = note.tables.get(table.name, TableNote()), table.find(context.spark)
            touched = bool(known.touched or found.rows or has_rows_in_files(context.spark, table))
            counted = TableNote(max(found.rows, known.rows), touched)
            note = with_table(with_newest(note, found.newest), table.name, counted)
            context.write(note)
            if touched:
                remove_from_table(context.spark, table)
            clean = newest_sequence_number(context.spark, table.name)
            note = with_table(note, table.name, replace(counted, clean=clean))
            context.write(note)


def with_table(note: TablesNote, name: str, table: TableNote) -> TablesNote:
    """The note with what was found in one table."""
    return replace(note, tables={**note.tables, name: table})


def with_newest(note: TablesNote, versions: Mapping[str, int]) -> TablesNote:
    """The note with the newest versions of keys, where these are newer."""
    newest = {key: newer(note.newest.get(key), version) for key, version in versions.items()}
    return replace(note, newest={**note.newest, **newest})
