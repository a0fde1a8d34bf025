"""The embedded AWS in its own process, with what it lacks.

Imports `workflows.local.base`, `workflows.local.exports`, `workflows.local.glue`, `workflows.local.spark`.
"""
