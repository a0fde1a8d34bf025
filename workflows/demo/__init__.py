"""The demo: real grocery data through every stage, compared with a model.

Imports `expectations`, `workflows.operations`, `workflows.progress`, `workflows.query`, `workflows.stack`.
"""
