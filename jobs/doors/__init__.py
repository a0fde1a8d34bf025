"""One parser for each door: received rows in, typed changes with their reasons out.

Imports `expectations`, `jobs.changes`, `jobs.intake`, `jobs.reading`, `jobs.reading.formats`.
"""
