"""Deploys the stack to an AWS account, and deletes it: what is checked, planned, uploaded, changed and kept.

Imports `expectations`, `expectations.odcs`, `workflows`, `workflows.contracts`, `workflows.indexes`,
`workflows.local.base`, `workflows.local.glue`, `workflows.packages`, `workflows.stack`.
"""
