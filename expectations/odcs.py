"""Reads contract files: YAML in the Open Data Contract Standard 3.1 -> `Contract`.

On top of the standard, a file of ours describes exactly one dataset, named like the file, with a primary key.
What the code could not keep is refused here, with every problem of every file in one `ContractError`.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from open_data_contract_standard.model import (
    DataQuality,
    OpenDataContractStandard,
    SchemaObject,
    SchemaProperty,
)
from pydantic import ValidationError

from expectations.column_rules import column_rules
from expectations.contract import Column, Contract, Rule
from expectations.keys import KEY_KINDS
from expectations.odcs_columns import NAME, custom_properties, given_position, read_columns
from expectations.odcs_partitions import read_partitions
from expectations.odcs_quality import read_rules
from expectations.odcs_yaml import read_yaml
from expectations.problems import ContractError, Findings, Problem

__all__ = ["ContractError", "Problem", "load_contract", "load_contracts"]

DATASET_PROPERTIES = ("sequenceColumn",)
_FUNDAMENTALS = {"apiVersion": "v3.1.0", "kind": "DataContract", "id": None, "version": None, "status": None}
_SCHEMA = "schema[0]"
_COLUMNS = f"{_SCHEMA}.properties"


def load_contract(path: Path) -> Contract:
    """The contract in one file; ContractError has all its problems."""
    findings = Findings(path.name)
    contract = _read(path, findings)
    if contract is None or findings.problems:
        raise ContractError(findings.problems)
    return contract


def load_contracts(folder: Path | None = None) -> dict[str, Contract]:
    """Dataset -> contract of each `*.yaml` in the folder (default: ours); ContractError has all problems."""
    contracts: dict[str, Contract] = {}
    problems: list[Problem] = []
    for path in sorted((folder or Path(__file__).parent).glob("*.yaml")):
        try:
            contracts[path.stem] = load_contract(path)
        except ContractError as error:
            problems.extend(error.problems)
    if problems:
        raise ContractError(problems)
    return contracts


def _read(path: Path, findings: Findings) -> Contract | None:
    document = _parse(path, findings)
    if document is None:
        return None
    _check_fundamentals(document, findings)
    custom_properties(document.customProperties, (), "", findings)
    schemas = document.schema_ or []
    if len(schemas) != 1:
        findings.add(
            "schema", "one-dataset", f"expected one schema object, got {len(schemas)}; one file, one dataset"
        )
        return None
    (schema,) = schemas
    properties = schema.properties or []
    dataset = _read_dataset(schema, path, findings)
    columns = read_columns(properties, _COLUMNS, findings)
    rules = _read_rules(schema, columns, findings)
    contract = Contract(
        dataset=dataset,
        version=document.version or "",
        description=" ".join((schema.description or "").split()),
        columns=_with_limits(columns, rules),
        key=_read_key(properties, columns, findings),
        partitions=read_partitions(properties, columns, _COLUMNS, findings),
        sequence_column=_read_sequence_column(schema, columns, findings),
        rules=tuple(rules),
        source=path.name,
    )
    _check_rule_names(contract, findings)
    return contract


def _parse(path: Path, findings: Findings) -> OpenDataContractStandard | None:
    try:
        raw = read_yaml(path.read_text(encoding="utf-8"), findings)
    except (OSError, UnicodeDecodeError) as error:
        findings.add("", "readable", f"expected a readable file in UTF-8, got: {error}")
        return None
    if raw is None:
        return None
    if not isinstance(raw, dict):
        findings.add(
            "",
            "yaml",
            f"expected a mapping of contract fields, got {type(raw).__name__}; start with apiVersion",
        )
        return None
    try:
        document = OpenDataContractStandard.model_validate(raw)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            where = _path(detail["loc"])
            if detail["type"] == "extra_forbidden":
                findings.add(
                    where,
                    "unknown-field",
                    "expected a field of ODCS 3.1, got an unknown one; correct its name",
                )
            else:
                findings.add(where, "odcs", f"{detail['msg']}, got {detail['input']!r}; correct it")
        return None
    _check_unknown(raw, document.model_dump(by_alias=True, exclude_unset=True), "", findings)
    return document


def _check_unknown(raw: Any, known: Any, path: str, findings: Findings) -> None:
    """Fields that the model dropped without a word are typing errors."""
    if isinstance(raw, dict) and isinstance(known, dict):
        for name, value in raw.items():
            where = f"{path}.{name}" if path else str(name)
            if name not in known:
                findings.add(
                    where,
                    "unknown-field",
                    "expected a field of ODCS 3.1, got an unknown one; correct its name",
                )
            else:
                _check_unknown(value, known[name], where, findings)
    elif isinstance(raw, list) and isinstance(known, list):
        for index, (value, known_value) in enumerate(zip(raw, known, strict=True)):
            _check_unknown(value, known_value, f"{path}[{index}]", findings)


def _path(location: Sequence[str | int]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).removeprefix(
        "."
    )


def _check_fundamentals(document: OpenDataContractStandard, findings: Findings) -> None:
    for name, expected in _FUNDAMENTALS.items():
        given = getattr(document, name)
        if given is None or (expected is not None and given != expected):
            got = "nothing" if given is None else repr(given)
            findings.add(
                name, "fundamentals", f"expected {expected or 'a value'}, got {got}; the standard requires it"
            )


def _read_dataset(schema: SchemaObject, path: Path, findings: Findings) -> str:
    where = f"{_SCHEMA}.name"
    name = schema.name or ""
    if not NAME.fullmatch(name):
        findings.add(
            where, "dataset-name", f"expected a lower-case name like orders, got {name!r}; rename it"
        )
    elif name != path.stem:
        findings.add(
            where, "dataset-name", f"expected {path.stem!r} as in the file's name, got {name!r}; rename one"
        )
    return name


def _read_key(
    properties: Sequence[SchemaProperty], columns: Sequence[Column], findings: Findings
) -> tuple[str, ...]:
    by_name = {column.name: column for column in columns}
    positions: dict[int, str] = {}
    for index, prop in enumerate(properties):
        path, column = f"{_COLUMNS}[{index}]", by_name.get(prop.name or "")
        if not prop.primaryKey:
            _check_not_key(prop, path, findings)
            continue
        position = given_position(prop.primaryKeyPosition)
        position = len(positions) + 1 if position is None else position
        if position in positions or position < 1:
            message = f"expected positions 1, 2, … each once, got {position}; number the key columns"
            findings.add(f"{path}.primaryKeyPosition", "key-position", message)
        positions[position] = prop.name or ""
        if not prop.required:
            findings.add(path, "key-required", f"expected required: true on key column {prop.name}; add it")
        if column is not None and column.kind not in KEY_KINDS:
            message = (
                f"expected a key of {', '.join(KEY_KINDS)}, got {column.type}; such values have no exact text"
            )
            findings.add(path, "key-type", message)
    if not positions:
        message = "expected a primary key, got none; set primaryKey: true on the columns that identify a row"
        findings.add(_COLUMNS, "key-present", message)
    return tuple(positions[position] for position in sorted(positions))


def _check_not_key(prop: SchemaProperty, path: str, findings: Findings) -> None:
    if given_position(prop.primaryKeyPosition) is not None:
        message = "expected primaryKey: true beside a position, got none; add it or drop the position"
        findings.add(f"{path}.primaryKeyPosition", "key-position", message)
    if prop.unique:
        message = "expected unique on the key alone, as a batch of changes cannot show it for others; drop it"
        findings.add(f"{path}.unique", "unique", message)


def _read_sequence_column(schema: SchemaObject, columns: Sequence[Column], findings: Findings) -> str | None:
    custom = custom_properties(schema.customProperties, DATASET_PROPERTIES, _SCHEMA, findings)
    if "sequenceColumn" not in custom:
        return None
    name, where = custom["sequenceColumn"]
    column = next((column for column in columns if column.name == name), None)
    if name not in _names(schema):
        message = f"expected a column of the dataset, got {name!r}; correct the name"
        findings.add(where, "sequence-column", message)
    elif column is None:
        pass  # its own problem has been found
    elif column.kind not in ("int", "long", "timestamp"):
        message = f"expected an int, long or timestamp column, got {name} of type {column.type}; name another"
        findings.add(where, "sequence-column", message)
    elif not column.required:
        message = f"expected a required column, got optional {name}; add required: true"
        findings.add(where, "sequence-column", message)
    return str(name)


def _read_rules(schema: SchemaObject, columns: Sequence[Column], findings: Findings) -> list[Rule]:
    """What each column promises by itself, then its quality rules, then those of the dataset."""
    by_name = {column.name: column for column in columns}
    names = _names(schema)
    rules: list[Rule] = []
    for index, prop in enumerate(schema.properties or ()):
        column = by_name.pop(prop.name or "", None)
        if column is not None:
            rules += column_rules(column)
        rules += read_rules(
            prop.quality or (), f"{_COLUMNS}[{index}].quality", prop.name or "", names, findings
        )
        for inner, quality in _nested_quality(prop, f"{_COLUMNS}[{index}]"):
            message = (
                f"expected quality rules on columns, got {len(quality)} inside a struct or list; move them up"
            )
            findings.add(f"{inner}.quality", "known-rule", message)
    return rules + read_rules(schema.quality or (), f"{_SCHEMA}.quality", None, names, findings)


def _names(schema: SchemaObject) -> list[str]:
    """All names of columns, also of those whose own description is broken: no problem is to cause another."""
    return [prop.name for prop in schema.properties or () if prop.name]


def _nested_quality(prop: SchemaProperty, path: str) -> Iterator[tuple[str, Sequence[DataQuality]]]:
    inner = [(f"{path}.properties[{index}]", field) for index, field in enumerate(prop.properties or ())]
    if prop.items is not None:
        inner.append((f"{path}.items", prop.items))
    for where, field in inner:
        if field.quality:
            yield where, field.quality
        yield from _nested_quality(field, where)


def _with_limits(columns: Sequence[Column], rules: Sequence[Rule]) -> tuple[Column, ...]:
    """A column that may hold nothing but listed values, or text of one form, has that as a limit too.

    So the JSON Schema refuses early what the suite would send to quarantine.
    """
    limits = {column.name: column.limits for column in columns}
    for rule in rules:
        name = str(rule.kwargs.get("column"))
        if rule.severity != "critical" or "mostly" in rule.kwargs or name not in limits:
            continue
        values, regex = rule.kwargs.get("value_set"), rule.kwargs.get("regex")
        if rule.expectation == "expect_column_values_to_be_in_set" and isinstance(values, list):
            known = limits[name].enum or values
            limits[name] = replace(limits[name], enum=tuple(value for value in values if value in known))
        if rule.expectation == "expect_column_values_to_match_regex" and limits[name].pattern is None:
            limits[name] = replace(limits[name], pattern=str(regex))
    return tuple(replace(column, limits=limits[column.name]) for column in columns)


def _check_rule_names(contract: Contract, findings: Findings) -> None:
    for name, count in Counter(rule.name for rule in contract.rules).items():
        if count > 1:
            message = f"expected each rule to have its own name, got {name!r} {count} times; give them names"
            findings.add(_SCHEMA, "rule-name", message)
