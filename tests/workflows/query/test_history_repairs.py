"""How repairs show in the history of a key."""

from __future__ import annotations

from tests.workflows.query.change_rows import CONTRACT, T0, after, ask, change, intervals, repaired, retract
from workflows.query.history import history_sql


def test_a_row_without_an_item_ends_with_the_repair_that_retracts_it() -> None:
    changes = change("a", T0, 1), change("a", after(1), 9), retract("a", after(1))

    assert intervals(*changes) == [(1, 0, 1), (9, 1, 700)]
    assert not any(row["is_current"] for row in ask(changes, history_sql(CONTRACT)))


def test_a_version_restored_at_its_position_is_valid_from_the_repair_on() -> None:
    changes = change("a", T0, 1), change("a", after(1), 9), retract("a", after(1)), repaired("a", after(1), 8)

    assert intervals(*changes) == [(1, 0, 1), (9, 1, 700), (8, 700, None)]


def test_a_newer_version_that_a_repair_brings_is_valid_from_its_own_time_on() -> None:
    changes = change("a", T0, 1), retract("a", T0), repaired("a", after(2), 2), change("a", after(900), 3)

    assert intervals(*changes) == [(1, 0, 2), (2, 2, 900), (3, 900, None)]


def test_a_table_restored_to_older_items_shows_them_from_the_repair_on() -> None:
    changes = [change("a", after(number), number) for number in range(4)]

    versions = intervals(*changes, retract("a", after(3)), repaired("a", after(1), 1))

    assert versions == [(0, 0, 1), (1, 1, 2), (2, 2, 3), (3, 3, 700), (1, 700, None)]


def test_a_delete_that_was_not_in_dynamodb_ends_with_the_repair_that_retracts_it() -> None:
    changes = change("a", T0, 1), change("a", after(2), None), retract("a", after(2)), repaired("a", T0, 1)

    assert intervals(*changes) == [(1, 0, 2), (None, 2, 2), (1, 700, None)]


def test_a_retract_of_another_position_changes_nothing() -> None:
    changes = change("a", T0, 1), change("a", after(1), 9)
    elsewhere = (
        *(retract("a", T0), retract("a", after(2)), retract("b", after(1))),
        *(retract("a", after(1), _tie="-aa"), retract("a", after(1), _tie=None)),
    )

    assert intervals(*changes, *elsewhere) == [(1, 0, 1), (9, 1, None)]


def test_a_row_written_outside_the_pipeline_and_retracted_leaves_no_version() -> None:
    changes = change("a", T0, 1), retract("a", after(500)), repaired("a", T0, 1)

    assert intervals(*changes) == [(1, 0, None)]
