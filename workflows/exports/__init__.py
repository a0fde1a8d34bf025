"""Loads tables from DynamoDB exports: the whole table, or the changes of a period.

Imports `expectations`, `jobs.intake`, `workflows.progress`, `workflows.query`, `workflows.stack`.
"""
