"""The stack that a command acts on, and access to its API.

Imports `expectations`, `expectations.odcs`, `workflows.local.base`.
"""
