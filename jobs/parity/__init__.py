"""Compares DynamoDB with the tables, explains what differs, certifies what agrees, and writes repairs.

Imports `expectations`, `jobs.changes`, `jobs.doors`, `jobs.intake`, `jobs.lake`, `jobs.merging`,
`jobs.reading`, `jobs.runtime`.
"""
