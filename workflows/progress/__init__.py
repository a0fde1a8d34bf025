"""Announces work to the workflow and waits for what becomes of it.

Imports `expectations`, `jobs.intake`, `workflows.query`, `workflows.stack`.
"""
