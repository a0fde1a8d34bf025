"""Runs the scripts of Glue jobs in one Spark process that stays warm.

Imports `workflows.local.base`, `workflows.local.glue`.
"""
