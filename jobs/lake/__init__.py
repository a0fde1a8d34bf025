"""The Iceberg tables: names, making, appends that happen once, partitions, evolution, commit conflicts.

Imports `expectations`, `jobs.changes`, `jobs.runtime`.
"""
