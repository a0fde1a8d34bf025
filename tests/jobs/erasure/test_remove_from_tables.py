"""The note of phase `remove-from-tables`; `tests/jobs/test_erase.py` runs the phase."""

from jobs.erasure.notes import TableNote, TablesNote
from jobs.erasure.remove_from_tables import with_newest, with_table


def test_the_note_has_the_newest_version_of_each_key() -> None:
    note = with_newest(with_newest(TablesNote(), {"7": 5, "8": 6}), {"7": 4, "8": 7, "9": 1})

    assert note.newest == {"7": 5, "8": 7, "9": 1}


def test_the_note_has_the_last_count_of_each_table() -> None:
    note = with_table(with_table(TablesNote(), "a", TableNote(1)), "b", TableNote(2))

    assert with_table(note, "a", TableNote(3)).tables == {"a": TableNote(3), "b": TableNote(2)}
