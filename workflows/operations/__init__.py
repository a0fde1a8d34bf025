"""What an operator does: send, replay, redrive, erase, prove parity, retry or set aside a batch.

Imports `expectations`, `jobs.erasure`, `jobs.intake`, `jobs.parity`, `lambdas.forwarder`, `lambdas.source`,
`workflows.progress`, `workflows.query`, `workflows.stack`.
"""
