"""Folds changes into tombstones and into the table of their dataset.

Imports `expectations`, `jobs.changes`, `jobs.intake`, `jobs.lake`, `jobs.runtime`.
"""
