"""Runs the steps `check` and `merge`, in a workflow or in rounds, so that a failure stays in its dataset.

Imports `expectations`, `expectations.odcs`, `jobs.checking`, `jobs.erasure`, `jobs.intake`, `jobs.lake`,
`jobs.lineage`, `jobs.merging`, `jobs.quality`, `jobs.reading`, `jobs.runtime`.
"""
