"""SQL over the lake in Athena's dialect, and the history of a key.

Imports `expectations`, `workflows.stack`.
"""
