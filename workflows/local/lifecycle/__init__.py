"""Starts, deploys, updates, keeps and ends the local stack.

Imports `expectations`, `expectations.odcs`, `jobs.intake`, `workflows`, `workflows.contracts`,
`workflows.indexes`, `workflows.local.base`, `workflows.local.glue`,
`workflows.local.ministack`, `workflows.local.spark`, `workflows.stack`.
"""
