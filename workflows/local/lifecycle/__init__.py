"""Starts, deploys, keeps and ends the local stack.

Imports `expectations.odcs`, `jobs.intake`, `workflows.contracts`, `workflows.deploy`, `workflows.local.base`,
`workflows.local.ministack`, `workflows.local.spark`.
"""
