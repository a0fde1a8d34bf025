"""Runs SQL over the lake in Athena's dialect, and shows the history of rows.

Imports `expectations`, `workflows.query.dialect`, `workflows.stack`.
"""
