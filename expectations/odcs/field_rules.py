"""Quality rules of fields inside structs and lists -> limits of these fields, which hold at every door.

A critical rule about single values (nullValues, missingValues, invalidValues that must be 0) is a limit of
its field. Great Expectations sees whole columns: other rules of fields are noted. A query of type `sql` names
a field of a struct by its path, and is a rule of the dataset.
"""

from collections.abc import Sequence
from dataclasses import replace

from open_data_contract_standard.model import DataQuality, SchemaProperty

from expectations.contract import Column, Rule
from expectations.odcs.quality import Dataset, read_rules
from expectations.problems import Findings

_ADVICE = "inside structs and lists, critical nullValues, missingValues and invalidValues that must be 0 are"


def read_field_rules(
    column: Column, prop: SchemaProperty, path: str, dataset: Dataset, findings: Findings
) -> tuple[Column, list[Rule]]:
    """The column with the limits that rules of its fields are, and the rules that are queries."""
    queries: list[Rule] = []
    return _with_fields(column, prop, path, column.name, _Reader(dataset, findings, queries)), queries


class _Reader:
    """Reads the rules of one field after the other."""

    def __init__(self, dataset: Dataset, findings: Findings, queries: list[Rule]) -> None:
        self.dataset, self.findings, self.queries = dataset, findings, queries

    def limited(self, field: Column, qualities: Sequence[DataQuality], path: str, name: str) -> Column:
        """The field, whose path in rows is the name, with the limits of its rules."""
        dataset = replace(self.dataset, fields={name: field})
        kept = [quality for quality in qualities if quality.type != "custom"]
        if len(kept) < len(qualities):
            self.findings.note(path, "rule", f"a rule of type custom is not evaluated; {_ADVICE}")
        for rule in read_rules(kept, path, name, dataset, self.findings):
            if rule.expectation in ("expect_query_value", "expect_no_rows_where"):
                self.queries.append(rule)
            elif (limited := with_limit(field, rule)) is not None:
                field = limited
            else:
                self.findings.note(path, "rule", f"the rule {rule.name} is not evaluated; {_ADVICE}")
        return field


def with_limit(column: Column, rule: Rule) -> Column | None:
    """The column with the limit that a rule is; None if it is none."""
    if rule.severity != "critical" or "mostly" in rule.kwargs:
        return None
    limits, values = column.limits, rule.kwargs.get("value_set")
    listed = tuple(values) if isinstance(values, list) else ()
    match rule.expectation:
        case "expect_column_values_to_not_be_null":
            return replace(column, required=True)
        case "expect_column_values_to_be_in_set" if listed:
            known = limits.enum or listed
            enum = tuple(value for value in listed if value in known)
            return replace(column, limits=replace(limits, enum=enum)) if enum else None
        case "expect_column_values_to_not_be_in_set" if listed:
            return replace(column, limits=replace(limits, not_in=(*limits.not_in, *listed)))
        case "expect_column_values_to_match_regex" if limits.pattern in (None, rule.kwargs.get("regex")):
            return replace(column, limits=replace(limits, pattern=str(rule.kwargs.get("regex"))))
    return None


def _with_fields(column: Column, prop: SchemaProperty, path: str, name: str, reader: _Reader) -> Column:
    """The column, whose path in rows is the name, with the limits of the rules of its fields."""
    if column.kind == "list" and prop.items is not None:
        described = {"element": (f"{path}.items", prop.items, f"{name}[]")}
    else:
        described = {
            field.name or "": (f"{path}.properties[{index}]", field, f"{name}.{field.name}")
            for index, field in enumerate(prop.properties or ())
        }
    return replace(
        column, fields=tuple(_with_rules(field, *described[field.name], reader) for field in column.fields)
    )


def _with_rules(field: Column, path: str, prop: SchemaProperty, name: str, reader: _Reader) -> Column:
    field = _with_fields(field, prop, path, name, reader)
    return reader.limited(field, prop.quality or (), f"{path}.quality", name)
