"""The place of a change in the log of its database."""

from typing import Any

import pytest

from lambdas.source.capture.positions import Position, position_of


def of(connector: str, *, is_snapshot: bool = False, **source: Any) -> Position:
    return position_of({"connector": connector, **source}, is_snapshot=is_snapshot)


def mysql(file: str, pos: Any, row: Any = 0, *, is_snapshot: bool = False) -> Position:
    return of("mysql", file=file, pos=pos, row=row, is_snapshot=is_snapshot)


# Changes of one row, each later than the one before it.
IN_ORDER = [
    [of("postgresql", lsn=92), of("postgresql", lsn=100, is_snapshot=True), of("postgresql", lsn=100)],
    [of("postgresql", lsn="24023128"), of("postgresql", lsn=124023128)],
    [
        mysql("bin.000009", 900, 3),
        mysql("bin.000009", 1000, is_snapshot=True),
        mysql("bin.000009", 1000),
        mysql("bin.000009", 1000, 1),
        mysql("bin.000010", 4),
        mysql("bin.1048575", 2**32 - 1, 2044),
    ],
    [
        of("sqlserver", commit_lsn="00000027:00000758:0005", change_lsn="00000027:00000758:0003"),
        of("sqlserver", commit_lsn="00000027:00000758:0006"),
        of("sqlserver", commit_lsn="00000027:00000a58:0001"),
        of("sqlserver", commit_lsn="0000002A:00000001:0001"),
    ],
    [of("oracle", scn="1000"), of("oracle", scn="900", commit_scn="1001"), of("oracle", commit_scn="20000")],
]


@pytest.mark.parametrize("positions", IN_ORDER, ids=["lsn", "lsn as text", "mysql", "sqlserver", "oracle"])
def test_both_forms_compare_as_the_changes_came(positions: list[Position]) -> None:
    numbers = [position.number for position in positions]
    orders = [position.order for position in positions]

    assert numbers == sorted({number for number in numbers if number is not None})
    assert orders == sorted(set(orders))


def test_the_changes_of_a_transaction_are_ordered_where_its_number_is_one() -> None:
    commit = "00000027:00000758:0005"
    changes = [
        of("sqlserver", commit_lsn=commit, change_lsn="00000027:00000758:0002", event_serial_no=1),
        of("sqlserver", commit_lsn=commit, change_lsn="00000027:00000758:0003", event_serial_no=1),
        of("sqlserver", commit_lsn=commit, change_lsn="00000027:00000758:0003", event_serial_no=2),
    ]

    assert len({change.number for change in changes}) == 1
    assert [change.order for change in changes] == sorted({change.order for change in changes})


@pytest.mark.parametrize(
    "position",
    [
        mysql("bin.1048576", 4),
        mysql("bin.000001", 2**32),
        mysql("bin.000001", 4, 2048),
        of("sqlserver", commit_lsn="FFFFFFFF:00000758:0005"),
        of("db2", commit_lsn="00000000:0000A1B2:00000000:0054"),
    ],
)
def test_what_a_long_does_not_hold_still_has_an_order(position: Position) -> None:
    assert position.number is None
    assert position.order


@pytest.mark.parametrize(
    "source",
    [
        None,
        [],
        {},
        {"connector": ["postgresql"]},
        {"connector": "mongodb", "ord": 1},
        {"connector": "postgresql", "lsn": None},
        {"connector": "postgresql", "lsn": {"a": 1}},
        {"connector": "mysql", "file": 7, "pos": 1},
        {"connector": "sqlserver", "commit_lsn": "x:y:z"},
        {"connector": "oracle", "scn": -1},
    ],
)
def test_a_source_that_does_not_say_it_has_no_position(source: Any) -> None:
    assert position_of(source, is_snapshot=False) == Position()
