"""The Glue jobs: each module here is an entry script, and the rooms below hold what they do.

Imports `expectations.odcs`, `jobs.erasure`, `jobs.ingest`, `jobs.intake`, `jobs.lake`,
`jobs.maintenance`, `jobs.parity`, `jobs.runtime`.
"""
