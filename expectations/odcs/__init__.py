"""Reads contract files, documents of the Open Data Contract Standard, and reports all their problems at once.

Imports `expectations`, `expectations.sql`.
"""

from expectations.odcs.on_demand import ContractsOnDemand
from expectations.odcs.reader import load_contract, load_contracts, read_notes
from expectations.problems import ContractError, Problem

__all__ = ["ContractError", "ContractsOnDemand", "Problem", "load_contract", "load_contracts", "read_notes"]
