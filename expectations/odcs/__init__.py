"""Reads a contract file, an Open Data Contract Standard document, and reports every problem in it at once.

Imports `expectations`.
"""

from expectations.odcs.reader import load_contract, load_contracts
from expectations.problems import ContractError, Problem

__all__ = ["ContractError", "Problem", "load_contract", "load_contracts"]
