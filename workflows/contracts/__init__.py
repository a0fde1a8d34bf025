"""Checks contracts in every engine that runs them, drafts new ones, compares them with live tables.

Imports `expectations`, `lambdas`, `workflows.query`, `workflows.stack`.
"""
