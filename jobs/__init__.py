"""The Glue jobs: each module here is an entry script, and the rooms below hold what they do.

Imports `expectations`, `expectations.odcs`, `jobs.checking`, `jobs.erasure`, `jobs.intake`, `jobs.lake`,
`jobs.maintenance`, `jobs.merging`, `jobs.parity`, `jobs.quality`, `jobs.reading`, `jobs.runtime`.
"""
