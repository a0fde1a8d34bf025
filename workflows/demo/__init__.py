"""`glueline run`: a year of real grocery baskets through every stage, checked against a model.

Imports `expectations`, `workflows.operations`, `workflows.progress`, `workflows.query`, `workflows.stack`.
"""
