"""Keeps tables and buckets small: compaction, expiry, retention.

Imports `jobs.intake`, `jobs.lake`, `jobs.parity`, `jobs.runtime`.
"""
