"""Logs and counts what became of requests, without the keys and values of rows, which may be personal data.

The log lines have what the handler has appended to the logger: `Logger` is the same one for each service.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2
from botocore.exceptions import BotoCoreError, ClientError

from expectations.contract import Contract
from lambdas.data_api.batch import counts, shown_id
from lambdas.data_api.problems import Problem
from lambdas.data_api.store import code_of
from lambdas.data_api.transactions import Index, Result
from lambdas.data_api.writes import Write
from lambdas.metrics import count

_logger = Logger()


def report_row(write: Write, *, is_repeated: bool) -> None:
    """A row that was written. A repeated request is not counted again."""
    change = write.change
    _logger.info(
        "row written",
        dataset=change.contract.dataset,
        op=change.op,
        event_id=change.event.id,
        version=write.version,
        is_repeated=is_repeated,
    )
    if not is_repeated:
        count({"accepted": 1}, dataset=change.contract.dataset)


def report_batch(
    given: Sequence[Any],
    results: Mapping[Index, Result],
    contracts: Mapping[str, Contract],
    *,
    is_repeated: bool,
) -> None:
    """The outcomes of a batch by dataset, and each change that was not accepted."""
    for dataset, outcomes in counts(given, results, contracts).items():
        if not is_repeated:
            count(outcomes, dataset=dataset)
        _logger.info("batch written", dataset=dataset, outcomes=outcomes, is_repeated=is_repeated)
    for index, result in results.items():
        if result.status != "accepted":
            _logger.warning("change not accepted", event_id=shown_id(given[index]), **result.summary())


def report_problem(
    event: APIGatewayProxyEventV2, problem: Problem, contracts: Mapping[str, Contract]
) -> None:
    """The problem with which a request is answered. A write that is not accepted is counted."""
    dataset = event.path.split("/")[1]
    if event.http_method != "GET" and dataset in contracts and problem.status != 403:
        outcome = {"stale": "stale", "unavailable": "unwritten"}.get(problem.kind, "rejected")
        count({outcome: 1}, dataset=dataset)
    # Not the path, as its key may be personal data.
    route = "item" if event.path.count("/") > 1 else "collection"
    known = dataset if dataset in contracts else "none"
    _logger.info("problem", method=event.http_method, dataset=known, route=route, **problem.summary())


def report_busy(error: ClientError | BotoCoreError) -> None:
    """An AWS service that does not answer in time, with the code of its answer if there was one."""
    code = code_of(error) if isinstance(error, ClientError) else ""
    _logger.warning("AWS unavailable", error=type(error).__name__, code=code)
