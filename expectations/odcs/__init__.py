"""Reads contract files: YAML in the Open Data Contract Standard 3.1 -> `Contract`."""

from expectations.odcs.reader import load_contract, load_contracts
from expectations.problems import ContractError, Problem

__all__ = ["ContractError", "Problem", "load_contract", "load_contracts"]
