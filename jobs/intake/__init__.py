"""What arrived, and where its batch stands: intake queue, manifests, batches, their results and attempts.

Imports `expectations`, `jobs.lineage`, `jobs.runtime`.
"""
