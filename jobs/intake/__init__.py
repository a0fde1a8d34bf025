"""What arrived, and where its batch stands: intake queue, manifests, batches and their attempts.

Imports `jobs.runtime`.
"""
