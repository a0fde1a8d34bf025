"""Reads, parses and judges the files of one dataset of a batch, and appends the results to the tables.

Imports `expectations`, `jobs.changes`, `jobs.doors`, `jobs.erasure`, `jobs.intake`, `jobs.lake`,
`jobs.quality`, `jobs.reading`, `jobs.runtime`.
"""
