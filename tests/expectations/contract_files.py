"""Contract files for tests: a small valid one, and changes of its text."""

from pathlib import Path

from expectations.contract import Contract
from expectations.odcs import ContractError, Problem, load_contract, read_notes

VALID = """\
apiVersion: v3.1.0
kind: DataContract
id: urn:test:orders
version: 1.0.0
status: active
schema:
  - name: orders
    logicalType: object
    description: What was ordered.
    customProperties:
      - {property: sequenceColumn, value: changed_at}
    properties:
      - name: order_id
        logicalType: integer
        primaryKey: true
        required: true
      - name: amount
        physicalType: decimal(10,2)
        logicalTypeOptions: {minimum: 0}
        quality:
          - {name: amount.given, metric: nullValues, mustBe: 0}
      - name: changed_at
        logicalType: timestamp
        required: true
        partitioned: true
        customProperties:
          - {property: partitionTransform, value: days}
    quality:
      - {name: orders.any, metric: rowCount, mustBeGreaterThan: 0}
"""
AMOUNT = "        physicalType: decimal(10,2)\n        logicalTypeOptions: {minimum: 0}\n"
AMOUNT_AT = "schema[0].properties[1]"  # the path of the column `amount`
AMOUNT_QUALITY = "        quality:\n          - {name: amount.given, metric: nullValues, mustBe: 0}\n"


def write(folder: Path, text: str, name: str = "orders") -> Path:
    """The text as a contract file."""
    path = folder / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def changed(old: str, new: str) -> str:
    """The valid contract with one piece of its text replaced, which must occur once."""
    assert VALID.count(old) == 1, f"{old!r} is in the text {VALID.count(old)} times"
    return VALID.replace(old, new)


def with_amount(description: str) -> str:
    """The valid contract with another description, in YAML's flow style, of the column `amount`."""
    block = f"      - name: amount\n{AMOUNT}{AMOUNT_QUALITY}"
    return changed(block, f"      - {{name: amount, {description}}}\n")


def load(folder: Path, old: str, new: str) -> Contract:
    """The contract of the changed text."""
    return load_contract(write(folder, changed(old, new)))


def problems(folder: Path, text: str) -> tuple[Problem, ...]:
    """The problems of a contract file with this text."""
    try:
        load_contract(write(folder, text))
    except ContractError as error:
        return error.problems
    return ()


def notes(folder: Path, text: str) -> list[tuple[str, str]]:
    """Path and message of the notes on a contract file with this text, which must be valid."""
    load_contract(write(folder, text))
    return [(note.path, note.message) for note in read_notes(folder)]
