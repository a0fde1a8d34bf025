"""Validates data against contracts; a violation has its place and the broken rule."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import NamedTuple

import jsonschema_rs

from expectations.align import Op
from expectations.contract import Contract
from expectations.json_schema import KEYWORDS, data_schema

MAX_TEXT = 300  # characters; a violation quotes names and values, which may be long
MAX_VIOLATIONS = 1000
_UNKNOWN = "additionalProperties"


class Violation(NamedTuple):
    """One broken rule: its place as a JSON Pointer, its name, and what was expected and found."""

    path: str
    rule: str
    message: str

    def summary(self) -> str:
        """Place and rule for logs and alerts, without values and without names of unknown columns."""
        path = self.path.rpartition("/")[0] + "/*" if self.rule == _UNKNOWN else self.path
        return f"{path} {self.rule}"


class Validators:
    """The validators of the contracts, each built at its first use."""

    def __init__(self, contracts: Mapping[str, Contract]) -> None:
        self._contracts = contracts
        self._built: dict[tuple[str, Op], jsonschema_rs.Draft202012Validator | Violation] = {}

    def violations(self, dataset: str, op: Op, data: object) -> list[Violation]:
        """All violations in the data of a change; empty if it keeps its contract.

        If no validator can be built of the dataset's contract, all its changes break the rule `contract`. So
        they do not stop the changes of other datasets.
        """
        validator = self._built.get((dataset, op)) or self._build(dataset, op)
        if isinstance(validator, Violation):
            return [validator]
        try:
            found = (violation for error in validator.iter_errors(data) for violation in _violations(error))
            violations = list(islice(found, MAX_VIOLATIONS))
        except ValueError as error:  # nested too deep for the validator
            return [Violation("", "depth", f"expected data that keeps the contract, got {error}")]
        if len(violations) == MAX_VIOLATIONS:
            violations.append(Violation("", "truncated", f"{MAX_VIOLATIONS} violations or more"))
        return violations

    def _build(self, dataset: str, op: Op) -> jsonschema_rs.Draft202012Validator | Violation:
        try:
            built: jsonschema_rs.Draft202012Validator | Violation = build_validator(
                self._contracts[dataset], op
            )
        except ValueError as error:
            expected = f"expected a contract of {dataset} with a valid JSON Schema"
            advice = "deploy a corrected contract, then send the rejected changes again"
            built = Violation("", "contract", _shown(f"{expected}, got: {error}; {advice}"))
        self._built[dataset, op] = built
        return built


def build_validator(contract: Contract, op: Op) -> jsonschema_rs.Draft202012Validator:
    """The validator of a change's data. ValueError if the schema of the contract is not valid."""
    schema = data_schema(contract, op)
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True, keywords={**KEYWORDS})


def pointer(*parts: str | int) -> str:
    """The JSON Pointer (RFC 6901) with these parts."""
    return _shown("".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts))


def _violations(error: jsonschema_rs.ValidationError) -> Iterator[Violation]:
    """The violations of an error: one for each missing or unknown member, whose path leads to that member."""
    kind, at = error.kind, error.instance_path
    if isinstance(kind, jsonschema_rs.ValidationErrorKind.Required):
        yield Violation(pointer(*at, kind.property), "required", "expected a value, got none")
    elif isinstance(kind, jsonschema_rs.ValidationErrorKind.AdditionalProperties):
        for name in kind.unexpected:
            yield Violation(pointer(*at, name), _UNKNOWN, "expected no such column")
    else:
        yield Violation(pointer(*at), str(error.schema_path[-1]), _shown(error.message))


def _shown(text: str) -> str:
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "…"
