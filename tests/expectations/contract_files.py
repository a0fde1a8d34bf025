"""Contract files for tests: a small sound one, and what a change of its text makes of it."""

from pathlib import Path

from expectations.contract import Contract
from expectations.odcs import ContractError, Problem, load_contract

SOUND = """\
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


def write(folder: Path, text: str, name: str = "orders") -> Path:
    """The text as a contract file."""
    path = folder / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def changed(old: str, new: str) -> str:
    """The sound contract with one piece of text replaced; the piece must be there once."""
    assert SOUND.count(old) == 1, f"{old!r} is in the text {SOUND.count(old)} times"
    return SOUND.replace(old, new)


def load(folder: Path, old: str, new: str) -> Contract:
    """The contract that the changed text is."""
    return load_contract(write(folder, changed(old, new)))


def problems(folder: Path, text: str) -> tuple[Problem, ...]:
    """What is wrong with a text."""
    try:
        load_contract(write(folder, text))
    except ContractError as error:
        return error.problems
    return ()
