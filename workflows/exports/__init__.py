"""Loads DynamoDB exports: the whole of a table, or what changed while no stream was read.

Imports `expectations`, `workflows.progress`, `workflows.query`, `workflows.stack`.
"""
