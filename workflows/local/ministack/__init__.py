"""The embedded AWS in its own process, with the services that the template needs and it lacks.

Imports `workflows.local.base`, `workflows.local.exports`, `workflows.local.glue`, `workflows.local.spark`.
"""
