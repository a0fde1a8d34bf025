"""Reads contract files, documents of the Open Data Contract Standard, and reports all their problems at once.

Imports `expectations`, `expectations.sql`.
"""

from expectations.odcs.on_demand import ContractsOnDemand
from expectations.odcs.reader import load_contract, load_contracts, read_notes
from expectations.odcs.semantics import Semantics, load_semantics
from expectations.problems import ContractError, Problem

__all__ = [
    "ContractError",
    "ContractsOnDemand",
    "Problem",
    "Semantics",
    "load_contract",
    "load_contracts",
    "load_semantics",
    "read_notes",
]
