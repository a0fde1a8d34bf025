"""Loads tables from DynamoDB exports: the whole table, or the changes of a period.

Imports `expectations`, `workflows.progress`, `workflows.query`, `workflows.stack`.
"""
