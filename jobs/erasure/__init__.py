"""Removes the rows of erased keys from every place that holds them, and keeps them out.

Imports `expectations`, `jobs.changes`, `jobs.intake`, `jobs.lake`, `jobs.merging`, `jobs.reading`,
`jobs.reading.formats`, `jobs.runtime`.
"""
