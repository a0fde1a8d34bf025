"""Runs the Glue jobs in Spark processes that stay warm.

Imports `workflows.local.base`, `workflows.local.glue`.
"""
