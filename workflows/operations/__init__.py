"""What an operator does: send, replay, redrive, erase, compare, retry a batch or set one aside.

Imports `expectations`, `jobs.erasure`, `jobs.intake`, `jobs.parity`, `jobs.reading.formats`, `lambdas`,
`lambdas.forwarder`, `lambdas.source`, `lambdas.source.capture`, `workflows.progress`, `workflows.query`,
`workflows.stack`.
"""
