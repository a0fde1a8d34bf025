"""Fetches objects of the RAW bucket and splits them into rows, one format at a time.

Imports `expectations`, `jobs.intake`, `jobs.runtime`.
"""
