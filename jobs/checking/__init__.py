"""Takes a dataset of a batch through its checks into the tables, or sets it aside.

Imports `expectations`, `jobs.changes`, `jobs.doors`, `jobs.erasure`, `jobs.intake`, `jobs.lake`,
`jobs.quality`, `jobs.reading`, `jobs.runtime`.
"""
