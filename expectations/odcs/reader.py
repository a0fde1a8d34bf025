"""A contract file -> a `Contract`.

In addition to the standard, a file must describe exactly one dataset, which has the file's name and a primary
key. Contracts that the code cannot keep are refused, with all problems of all files in one `ContractError`.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from open_data_contract_standard.model import SchemaObject

import expectations
from expectations.contract import Column, Contract, Rule
from expectations.odcs.access_patterns import PROPERTY as ACCESS_PATTERNS
from expectations.odcs.access_patterns import read_access_patterns
from expectations.odcs.column_rules import column_rules
from expectations.odcs.columns import NAME, is_measure, read_columns
from expectations.odcs.csv_servers import read_dialect
from expectations.odcs.document import custom_properties, read_document
from expectations.odcs.dynamodb_servers import existing_server, read_table
from expectations.odcs.entities import PROPERTY as ENTITY
from expectations.odcs.entities import problems_of_tables, read_entity, with_entities
from expectations.odcs.field_rules import read_field_rules, with_limit
from expectations.odcs.message_servers import read_messages
from expectations.odcs.partitions import read_partitions
from expectations.odcs.primary_key import read_key
from expectations.odcs.quality import Dataset, read_rules
from expectations.odcs.semantics import check_roles, note_relationships
from expectations.problems import ContractError, Findings, Problem

DATASET_PROPERTIES = ("sequenceColumn", ACCESS_PATTERNS, ENTITY)
_SCHEMA = "schema[0]"
_COLUMNS = f"{_SCHEMA}.properties"
_MOST_CHARACTERS = 100  # names of resources, at most 255 characters, contain the stack's name and more words
_SEQUENCE_KINDS = ("int", "long", "timestamp")


def load_contract(path: Path) -> Contract:
    """The contract of a file. ContractError with all problems if there are any."""
    findings = Findings(path.name)
    contract = _read(path, findings)
    if contract is None or findings.problems:
        raise ContractError(findings.problems)
    return contract


def read_notes(folder: Path | None = None) -> tuple[Problem, ...]:
    """Notes on what the contracts have that the standard allows, but Glueline does not keep."""
    notes: list[Problem] = []
    for path in contract_files(folder):
        findings = Findings(path.name)
        _read(path, findings)
        notes.extend(findings.notes)
    return tuple(notes)


def load_contracts(folder: Path | None = None) -> dict[str, Contract]:
    """Dataset -> contract, of every `*.yaml` in the folder (default: this package).

    ContractError with all problems of all files if there are any.
    """
    contracts: dict[str, Contract] = {}
    problems: list[Problem] = []
    for path in contract_files(folder):
        try:
            contracts[path.stem] = load_contract(path)
        except ContractError as error:
            problems.extend(error.problems)
    problems.extend(problems_of_tables(contracts))
    if problems:
        raise ContractError(problems)
    return with_entities(contracts)


def contract_files(folder: Path | None) -> list[Path]:
    """The contracts of a folder (default: this package), each named after its dataset."""
    return sorted((folder or Path(*expectations.__path__)).glob("*.yaml"))


def _read(path: Path, findings: Findings) -> Contract | None:
    document = read_document(path, findings)
    if document is None:
        return None
    schemas = document.schema_ or []
    if len(schemas) != 1:
        advice = "give each dataset a file of its own"
        findings.add("schema", "one-dataset", "one schema object", str(len(schemas)), advice)
        return None
    (schema,) = schemas
    if document.slaProperties:
        findings.note("slaProperties", "sla", "service levels are not monitored")
    note_relationships(schema.relationships, _SCHEMA, findings)
    properties = schema.properties or []
    columns, rules = _read_rules(schema, read_columns(properties, _COLUMNS, findings), findings)
    custom = custom_properties(schema.customProperties, DATASET_PROPERTIES, _SCHEMA, findings)
    _check_rule_names(rules, findings)
    _check_defaults(columns, findings)
    existing = existing_server(document.servers)
    key = read_key(properties, columns, _COLUMNS, findings, is_of_existing_table=existing is not None)
    sequence_column = _read_sequence_column(custom.get("sequenceColumn"), schema, columns, findings)
    patterns = read_access_patterns(custom.get(ACCESS_PATTERNS), columns, _names(schema), findings)
    if existing is not None and sequence_column is not None:
        advice = "remove it: the stream of the table orders its changes"
        findings.add(f"{_SCHEMA}.customProperties", "sequence-column", "none", sequence_column, advice)
    if existing is not None and patterns:
        advice = "remove them: indexes of an existing table are its owner's"
        findings.add(f"{_SCHEMA}.customProperties", ACCESS_PATTERNS, "none", patterns[0].name, advice)
    if existing is None and ENTITY in custom:
        advice = "add a server of type dynamodb, which says that the table exists, or remove it"
        findings.add(custom[ENTITY][1], ENTITY, "it with an existing table", "none", advice)
    named = {prop.name or "": prop.physicalName for prop in properties if prop.physicalName}
    entity = read_entity(custom.get(ENTITY), columns, key, named, findings)
    check_roles(properties, columns, _COLUMNS, findings)
    return Contract(
        dataset=_read_dataset(schema, path, findings),
        version=document.version or "",
        description=" ".join((schema.description or "").split()),
        columns=columns,
        key=key,
        partitions=read_partitions(properties, columns, _COLUMNS, findings),
        sequence_column=sequence_column,
        rules=tuple(rules),
        source=path.name,
        csv=read_dialect(document.servers, columns, findings),
        table=read_table(document, columns, key, entity, findings),
        patterns=patterns,
        messages=read_messages(document.servers, schema, columns, sequence_column, findings),
    )


def _read_dataset(schema: SchemaObject, path: Path, findings: Findings) -> str:
    where = f"{_SCHEMA}.name"
    name = schema.name or ""
    if not NAME.fullmatch(name) or len(name) > _MOST_CHARACTERS:
        expected = f"a lower-case name like orders, of at most {_MOST_CHARACTERS} characters"
        findings.add(where, "dataset-name", expected, repr(name), "rename it")
    elif name != path.stem:
        findings.add(where, "dataset-name", f"{path.stem!r} as the file's name", repr(name), "rename one")
    elif name == "batch" or name.endswith("_changes"):
        advice = "rename it: the API has a route /batch, and every dataset a table <dataset>_changes"
        findings.add(where, "reserved-name", "a name that is not in use", repr(name), advice)
    return name


def _read_sequence_column(
    given: tuple[Any, str] | None, schema: SchemaObject, columns: Sequence[Column], findings: Findings
) -> str | None:
    if given is None:
        return None
    name, where = given
    if name not in _names(schema):
        findings.add(where, "sequence-column", "a column of the dataset", repr(name), "correct the name")
    for column in columns:  # none has the name if its own description is broken, which is reported already
        if column.name != name:
            continue
        if column.kind not in _SEQUENCE_KINDS:
            expected = f"a column of type {', '.join(_SEQUENCE_KINDS)}"
            findings.add(where, "sequence-column", expected, f"{name}: {column.type}", "name another")
        elif not column.required:
            findings.add(
                where, "sequence-column", "a required column", f"optional {name}", "set required: true"
            )
    return str(name)


def _read_rules(
    schema: SchemaObject, columns: Sequence[Column], findings: Findings
) -> tuple[tuple[Column, ...], list[Rule]]:
    """The columns with the limits that rules are, and the rules.

    These are for each column the rules that it implies and its quality rules, then the rules of the dataset.
    """
    by_name = {column.name: column for column in columns}
    tables = [name for name in dict.fromkeys((schema.name, schema.physicalName)) if name]
    dataset = Dataset({name: by_name.get(name) for name in _names(schema)}, tables)
    rules: list[Rule] = []
    limited = dict(by_name)
    for index, prop in enumerate(schema.properties or ()):
        where = f"{_COLUMNS}[{index}]"
        if is_measure(prop):
            continue
        column = by_name.pop(prop.name or "", None)
        if column is not None:
            rules += column_rules(column)
        rules += read_rules(prop.quality or (), f"{where}.quality", prop.name or "", dataset, findings)
        if column is not None:
            column, queries = read_field_rules(column, prop, where, dataset, findings)
            limited[column.name], rules = column, rules + queries
    rules += read_rules(schema.quality or (), f"{_SCHEMA}.quality", None, dataset, findings)
    return _with_limits([limited[column.name] for column in columns], rules), rules


def _names(schema: SchemaObject) -> list[str]:
    """The names of all columns, broken ones included, so that one problem does not cause another."""
    return [prop.name for prop in schema.properties or () if prop.name and not is_measure(prop)]


def _with_limits(columns: Sequence[Column], rules: Sequence[Rule]) -> tuple[Column, ...]:
    """The columns with limits from critical rules about their values or form.

    With them, the JSON Schema rejects early what the suite would send to quarantine.
    """
    limited = {column.name: column for column in columns}
    for rule in rules:
        name = str(rule.kwargs.get("column"))
        if name in limited and rule.expectation != "expect_column_values_to_not_be_null":
            limited[name] = with_limit(limited[name], rule) or limited[name]
    return tuple(limited.values())


def _check_defaults(columns: Sequence[Column], findings: Findings, place: str = "") -> None:
    for column in columns:
        enum, name = column.limits.enum, f"{place}{column.name}"
        if column.has_default and enum and column.default not in enum:
            expected = f"a default of {name} among {', '.join(map(repr, enum))}"
            findings.add(_COLUMNS, "default-value", expected, repr(column.default), "correct the default")
        _check_defaults(column.fields, findings, f"{name}.")


def _check_rule_names(rules: Sequence[Rule], findings: Findings) -> None:
    for name, count in Counter(rule.name for rule in rules).items():
        if count > 1:
            got = f"{name!r} {count} times"
            findings.add(_SCHEMA, "rule-name", "a name of its own for each rule", got, "give them names")
