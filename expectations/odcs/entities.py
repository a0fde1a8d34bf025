"""The custom property `entity` of a dataset -> the conditions on the items that are its rows.

ODCS has no field for a part of a table: its schema objects are whole ones. Contracts of one table are checked
together, so that each item is a row of one dataset at most.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

from expectations.contract import Column, Contract, by_existing_table
from expectations.entities import KINDS, Condition, Entity, Kind, are_disjoint, problems_of_format
from expectations.item_keys import table_of
from expectations.problems import Findings, Problem

PROPERTY = "entity"
_PLACE = "schema[0].customProperties"
_MEMBERS = {"attribute", "delimiter", *KINDS}


def read_entity(
    given: tuple[Any, str] | None,
    columns: Sequence[Column],
    key: Sequence[str],
    named: Mapping[str, str],
    findings: Findings,
) -> Entity:
    """The conditions of the property's value and path.

    `named` has the physical names of columns; a column in a format has none.
    """
    if given is None:
        return ()
    value, where = given
    plain = value if isinstance(value, list) else [value]
    places = [f"{where}[{index}]" for index in range(len(plain))] if isinstance(value, list) else [where]
    if not plain:
        advice = "give {attribute: pk, prefix: 'ORDER#'}, or remove the property"
        findings.add(where, "entity", "a condition", "none", advice)
    found = [(_read(one, at, findings), at) for one, at in zip(plain, places, strict=True)]
    conditions = [(one, at) for one, at in found if one is not None]
    for one, at in conditions:
        _check_format(one, at, {column.name: column for column in columns}, key, findings)
    _check_columns([one for one, _ in conditions], where, named, findings)
    return tuple(one for one, _ in conditions)


def _read(given: Any, where: str, findings: Findings) -> Condition | None:
    kinds = [name for name in KINDS if isinstance(given, dict) and name in given]
    attribute = given.get("attribute") if isinstance(given, dict) else None
    if len(kinds) != 1 or not isinstance(attribute, str) or not attribute or given.keys() - _MEMBERS:
        expected = "attribute, and one of prefix, equals and format"
        advice = "write {attribute: pk, prefix: 'ORDER#'}"
        findings.add(where, "entity", expected, repr(given), advice)
        return None
    kind: Kind = kinds[0]
    value, delimiter = given[kind], given.get("delimiter", "#")
    if value == "" or not isinstance(value, (str, int, bool) if kind == "equals" else str):
        expected = "a text, a whole number or a boolean" if kind == "equals" else "a text"
        findings.add(f"{where}.{kind}", "entity", expected, repr(value), "quote the text")
        return None
    is_one = isinstance(delimiter, str) and len(delimiter) == 1 and delimiter not in "{}"
    if not is_one or ("delimiter" in given and kind != "format"):
        advice = "values of columns do not contain it"
        findings.add(f"{where}.delimiter", "entity", "one character, of a format", repr(delimiter), advice)
        return None
    return Condition(attribute, kind, value, delimiter)


def _check_format(
    one: Condition, where: str, columns: Mapping[str, Column], key: Sequence[str], findings: Findings
) -> None:
    if one.kind != "format":
        return
    for expected in problems_of_format(one):
        advice = "write it as 'CUSTOMER#{customer_id}'"
        findings.add(f"{where}.format", "entity-format", expected, repr(one.value), advice)
    for name in one.columns:
        column = columns.get(name)
        if name not in key or (column is not None and column.kind != "string"):
            got = name if column is None else f"{name}: {column.type}"
            advice = "a format says what the key is made of; a second column may read it as another type"
            findings.add(f"{where}.format", "entity-format", "key columns of type string", got, advice)


def _check_columns(
    conditions: Sequence[Condition], where: str, named: Mapping[str, str], findings: Findings
) -> None:
    columns = [name for one in conditions for name in one.columns]
    for name in dict.fromkeys(columns):
        if columns.count(name) > 1:
            findings.add(where, "entity-format", "each column in one format", name, "remove one of them")
        if name in named:
            expected = f"no physicalName of {name}, whose value is a part of an attribute"
            findings.add(where, "entity-format", expected, named[name], "remove it")
    described = [one.attribute for one in conditions if one.kind == "format"]
    for name in dict.fromkeys(described):
        if described.count(name) > 1:
            findings.add(where, "entity-format", f"one format of {name}", "another one", "remove one")


def with_entities(contracts: Mapping[str, Contract]) -> dict[str, Contract]:
    """The contracts, each of which knows the entities of its table."""
    known = dict(contracts)
    for some in by_existing_table(contracts.values()).values():
        ordered = sorted(some, key=lambda one: one.dataset)
        entities = tuple((one.dataset, one.table.entity) for one in ordered)
        for one in some:
            table = table_of(one)
            if table.entity:
                known[one.dataset] = replace(one, table=replace(table, entities=entities))
    return known


def problems_of_tables(contracts: Mapping[str, Contract]) -> list[Problem]:
    """What keeps contracts of one table from being read together."""
    problems = []
    for name, some in by_existing_table(contracts.values()).items():
        for one, other in combinations(sorted(some, key=lambda one: one.dataset), 2):
            problem = _problem(one, other)
            if problem is not None:
                got = f"expected {problem} the table {name}, got {one.source} and this one; "
                advice = "say which are rows of each: {property: entity, value: {attribute: pk, prefix: …}}"
                problems.append(Problem(other.source, _PLACE, "entity", got + advice))
    return problems


def _problem(one: Contract, other: Contract) -> str | None:
    if not one.table.entity or not other.table.entity:
        return "an entity in each contract of"
    is_certain = are_disjoint(one.table.entity, other.table.entity)
    return None if is_certain else "entities of which no item can be two in"
