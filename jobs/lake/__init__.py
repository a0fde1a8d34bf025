"""The Iceberg tables: names, creation, commits that happen once, partitions, evolution, commit conflicts.

Imports `expectations`, `jobs.changes`, `jobs.runtime`.
"""
