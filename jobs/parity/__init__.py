"""Compares DynamoDB with the tables, explains what differs, certifies, and writes repairs.

Imports `expectations`, `expectations.odcs`, `jobs.changes`, `jobs.doors`, `jobs.intake`, `jobs.lake`, `jobs.merging`,
`jobs.reading`, `jobs.runtime`.
"""
