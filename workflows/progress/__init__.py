"""Announces work to the workflow and waits until it is done.

Imports `expectations`, `jobs.intake`, `workflows.query`, `workflows.query.dialect`, `workflows.stack`.
"""
