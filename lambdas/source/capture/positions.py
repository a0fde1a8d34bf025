"""The place of a change in the log of its database, from the `source` of a Debezium event.

Each connector says it in its own words (https://debezium.io/documentation/reference/stable/connectors/, the
tables about `source` of each connector). Two forms follow from it. The position is a whole number, the
version of a row if the contract wants it; None where 63 bits do not hold it. The order is a text that
compares as the changes came, also within one transaction.

* PostgreSQL: `lsn`, the place of the change in the write-ahead log. A row is locked until its transaction has
  committed, so the changes of a row have their places in the order of their commits.
* MySQL, MariaDB: `file`, `pos` and `row`. Transactions are written whole, in the order of their commits. A
  number has 20 bits of the file's number, 32 of the place and 11 of the row; a binary log event of rows has 8
  KiB and fewer rows than that (`binlog_row_event_max_size`).
* SQL Server: `commit_lsn`, then `change_lsn` and `event_serial_no`. The log sequence number is three
  hexadecimal numbers, which are packed into 23, 24 and 16 bits.
* Oracle: `commit_scn`, then `scn`. A row of a snapshot has `scn` alone, that of the snapshot.
* Db2: as SQL Server, its numbers too long for a position.

A row of a snapshot comes just before the changes at its place: the log is read from there on. So it has one
less in PostgreSQL and MySQL, where no record begins one byte before another.
"""

from typing import Any, NamedTuple

from lambdas.source.capture.captured import member, text, whole

_LONG = 2**63 - 1
_RESERVED = 2  # the greatest versions, for deletes (expectations.sequence)
_FILE_BITS, _PLACE_BITS, _ROW_BITS = 20, 32, 11
_LSN_BITS = (23, 24, 16)


class Position(NamedTuple):
    """The place of a change, as a number and as a text; None and empty if the event does not say."""

    number: int | None = None
    order: str = ""


def position_of(source: Any, *, is_snapshot: bool) -> Position:
    """The position of an event with this `source`."""
    read = _CONNECTORS.get(text(member(source, "connector")))
    if read is None or not isinstance(source, dict):
        return Position()
    number, order = read(source, is_snapshot)
    if number is not None and not 0 <= number <= _LONG - _RESERVED:
        number = None
    return Position(number, order)


def _postgresql(source: dict[str, Any], is_snapshot: bool) -> Position:
    lsn = whole(source.get("lsn"))
    if lsn is None:
        return Position()
    number = max(lsn - is_snapshot, 0)
    return Position(number, f"{number:020}")


def _mysql(source: dict[str, Any], is_snapshot: bool) -> Position:
    file, place, row = (
        whole(text(source.get("file")).rpartition(".")[2]),
        whole(source.get("pos")),
        whole(source.get("row")) or 0,
    )
    if file is None or place is None:
        return Position()
    if file >> _FILE_BITS or place >> _PLACE_BITS or row >> _ROW_BITS:
        return Position(None, f"{file:010}.{place:020}.{row:010}")
    number = max((file << _PLACE_BITS + _ROW_BITS | place << _ROW_BITS | row) - is_snapshot, 0)
    return Position(number, f"{number:020}")


def _sqlserver(source: dict[str, Any], is_snapshot: bool) -> Position:
    commit, change = text(source.get("commit_lsn")).lower(), text(source.get("change_lsn")).lower()
    parts = commit.split(":")
    try:
        numbers = [int(part, 16) for part in parts]
    except ValueError:
        return Position()
    serial = whole(source.get("event_serial_no")) or 0
    order = f"{commit}/{'' if change == 'null' else change}/{serial:06}"
    fits = len(numbers) == len(_LSN_BITS) and not any(
        number >> bits for number, bits in zip(numbers, _LSN_BITS, strict=True)
    )
    if not fits:
        return Position(None, order)
    block, offset, slot = numbers
    return Position(block << 40 | offset << 16 | slot, order)


def _oracle(source: dict[str, Any], is_snapshot: bool) -> Position:
    scn, commit = whole(source.get("scn")), whole(source.get("commit_scn"))
    place = scn if commit is None else commit
    if place is None:
        return Position()
    serial = whole(source.get("ssn")) or 0
    return Position(place, f"{place:020}/{scn or 0:020}/{serial:010}")


_CONNECTORS = {
    "postgresql": _postgresql,
    "mysql": _mysql,
    "mariadb": _mysql,
    "sqlserver": _sqlserver,
    "db2": _sqlserver,
    "oracle": _oracle,
}
