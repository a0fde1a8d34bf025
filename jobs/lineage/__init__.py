"""Lineage: what each step of a batch read and wrote, as OpenLineage events, kept and sent.

Imports `expectations`, `jobs.runtime`.
"""
