"""Runs the two steps of the workflow `ingest`, `check` and `merge`, so that a failure stays in its dataset.

Imports `expectations`, `jobs.checking`, `jobs.erasure`, `jobs.intake`, `jobs.lake`, `jobs.merging`,
`jobs.quality`, `jobs.reading`, `jobs.runtime`.
"""
