"""Fetches objects of the RAW bucket as they were announced, and reads their rows on Spark's executors.

Imports `expectations`, `jobs.intake`, `jobs.reading.formats`, `jobs.runtime`.
"""
