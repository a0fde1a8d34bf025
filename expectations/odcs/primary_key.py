"""ODCS primary keys -> the names of the key columns, in order."""

from collections.abc import Sequence

from open_data_contract_standard.model import SchemaProperty

from expectations.contract import Column
from expectations.keys import KEY_KINDS
from expectations.odcs.document import given_position
from expectations.problems import Findings


def read_key(
    properties: Sequence[SchemaProperty],
    columns: Sequence[Column],
    path: str,
    findings: Findings,
    *,
    is_of_existing_table: bool = False,
) -> tuple[str, ...]:
    """The names of the key columns, ordered by `primaryKeyPosition`, else by place.

    Key columns are required also without saying so. Their type must have one canonical text for each value;
    that of an existing table's key is checked with the table (`expectations.odcs.dynamodb_servers`).
    """
    by_name = {column.name: column for column in columns}
    positions: dict[int, str] = {}
    for index, prop in enumerate(properties):
        where = f"{path}[{index}]"
        if not prop.primaryKey:
            _check_not_key(prop, where, findings)
            continue
        position = given_position(prop.primaryKeyPosition)
        position = len(positions) + 1 if position is None else position
        if position in positions or position < 1:
            expected = "positions 1, 2, … each once"
            where_position = f"{where}.primaryKeyPosition"
            findings.add(where_position, "key-position", expected, str(position), "number the key columns")
        positions[position] = prop.name or ""
        column = None if is_of_existing_table else by_name.get(prop.name or "")
        _check_key_column(prop, column, where, findings)
    if not positions:
        advice = "set primaryKey: true on the columns that identify a row"
        findings.add(path, "key-present", "a primary key", "none", advice)
    return tuple(positions[position] for position in sorted(positions))


def _check_key_column(prop: SchemaProperty, column: Column | None, path: str, findings: Findings) -> None:
    if prop.required is False:
        findings.note(f"{path}.required", "key-required", "a key column is required, whatever this says")
    if column is not None and column.kind not in KEY_KINDS:
        expected = f"a key of {', '.join(KEY_KINDS)}"
        findings.add(path, "key-type", expected, column.type, "use a column whose values have one exact text")


def _check_not_key(prop: SchemaProperty, path: str, findings: Findings) -> None:
    if given_position(prop.primaryKeyPosition) is not None:
        where = f"{path}.primaryKeyPosition"
        findings.add(
            where, "key-position", "primaryKey: true with a position", "none", "add it or drop the position"
        )
    if prop.unique:
        message = "it is not enforced: a batch of changes cannot show that a column outside the key is unique"
        findings.note(f"{path}.unique", "unique", message)
