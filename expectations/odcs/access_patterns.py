"""The custom property `accessPatterns` of a dataset -> its access patterns.

ODCS has no field for an index or a query: `partitioned` and `primaryKey` are about how a table is stored.
"""

from collections.abc import Sequence
from typing import Any

from expectations.access_patterns import INDEX_PREFIX, MOST_PATTERNS, AccessPattern
from expectations.contract import Column
from expectations.keys import KEY_KINDS
from expectations.odcs.columns import NAME
from expectations.ordered_text import ORDERED_KINDS
from expectations.problems import Findings

PROPERTY = "accessPatterns"
PARAMETERS = ("limit", "next", "order", "fields")  # of a list of rows, beside its columns
_MEMBERS = ("name", "partition", "sort")
_MOST_CHARACTERS = 255  # of an index's name in DynamoDB, which has the names of the columns
# DynamoDB's keys of indexes have at most 2,048 and 1,024 bytes, and a character has up to four.
_MOST_TEXT = {"partition": 510, "sort": 255}
_KINDS = {"partition": KEY_KINDS, "sort": ORDERED_KINDS}


def read_access_patterns(
    given: tuple[Any, str] | None, columns: Sequence[Column], names: Sequence[str], findings: Findings
) -> tuple[AccessPattern, ...]:
    """The patterns of the property's value and path; `names` has all columns, broken ones included."""
    if given is None:
        return ()
    value, where = given
    if not isinstance(value, list) or not value:
        findings.add(
            where, "access-patterns", "a list of patterns", repr(value), "give each - {name, partition}"
        )
        return ()
    if len(value) > MOST_PATTERNS:
        expected = f"at most {MOST_PATTERNS} patterns, as DynamoDB has no more indexes of a table"
        findings.add(where, "access-patterns", expected, str(len(value)), "remove some")
    by_name = {column.name: column for column in columns}
    patterns = [
        pattern
        for index, one in enumerate(value)
        if (pattern := _read(one, f"{where}[{index}]", by_name, names, findings)) is not None
    ]
    _check_distinct(patterns, where, findings)
    return tuple(patterns)


def _read(
    given: Any, where: str, columns: dict[str, Column], names: Sequence[str], findings: Findings
) -> AccessPattern | None:
    if not isinstance(given, dict) or not {"name", "partition"} <= given.keys() <= set(_MEMBERS):
        expected = "name, partition and perhaps sort"
        findings.add(
            where, "access-pattern", expected, repr(given), "write {name: by_x, partition: x, sort: y}"
        )
        return None
    name, where_name = given["name"], f"{where}.name"
    if not isinstance(name, str) or not NAME.fullmatch(name):
        findings.add(where_name, "access-pattern-name", "a name like by_store", repr(name), "rename it")
        return None
    for role in ("partition", "sort"):
        column, where_column = given.get(role), f"{where}.{role}"
        if role in given and column not in names:
            expected, advice = "a column of the dataset", "correct the name"
            findings.add(where_column, "access-pattern-column", expected, repr(column), advice)
            return None
        if column in columns:
            _check_column(columns[column], role, where_column, findings)
    pattern = AccessPattern(**given)
    if pattern.sort == pattern.partition:
        expected, got = "another column than partition", f"{pattern.sort} twice"
        findings.add(f"{where}.sort", "access-pattern-column", expected, got, "drop sort")
    if len(pattern.index) > _MOST_CHARACTERS:
        expected = f"column names of at most {_MOST_CHARACTERS - len(INDEX_PREFIX) - 1} characters together"
        findings.add(where, "access-pattern-column", expected, str(len(pattern.index)), "use shorter names")
    return pattern


def _check_column(column: Column, role: str, where: str, findings: Findings) -> None:
    if column.kind not in _KINDS[role]:
        expected = f"a column of type {', '.join(_KINDS[role])}"
        findings.add(
            where, "access-pattern-column", expected, f"{column.name}: {column.type}", "name another"
        )
    if column.name in PARAMETERS:
        expected = f"a column that is not called {' or '.join(PARAMETERS)}, which are parameters themselves"
        findings.add(where, "access-pattern-column", expected, column.name, "rename the column")
    if column.kind == "string" and not _fits(column, _MOST_TEXT[role]):
        most = _MOST_TEXT[role]
        expected = f"a text of at most {most} characters as {role}, since DynamoDB limits the keys of indexes"
        got = f"{column.name} of up to {column.limits.max_length or 'any number of'}"
        findings.add(
            where, "access-pattern-text", expected, got, f"set logicalTypeOptions: {{maxLength: {most}}}"
        )


def _fits(column: Column, most: int) -> bool:
    """Whether every text that the contract allows has at most that many characters."""
    texts = [value for value in column.limits.enum if isinstance(value, str)]
    length = max(map(len, texts)) if texts else column.limits.max_length
    return length is not None and length <= most


def _check_distinct(patterns: Sequence[AccessPattern], where: str, findings: Findings) -> None:
    for which in ("name", "index"):
        seen: set[str] = set()
        for pattern in patterns:
            what: str = getattr(pattern, which)
            if what in seen:
                expected = (
                    "a name of its own" if which == "name" else "other columns than those of another pattern"
                )
                findings.add(where, "access-pattern-twice", expected, str(pattern), "remove or change one")
            seen.add(what)
