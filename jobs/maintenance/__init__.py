"""Keeps tables and buckets small: compaction, expiry, retention.

Imports `expectations`, `jobs.intake`, `jobs.lake`, `jobs.parity`, `jobs.runtime`.
"""
