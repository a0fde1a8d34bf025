"""The Data API: the rows of every dataset that has a contract, in one DynamoDB table for each dataset."""

import json
import os
from functools import cache, partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from expectations.align import align
from expectations.contract import Contract
from expectations.keys import decode_key
from lambdas.correlation import correlation_id
from lambdas.data_api import feed, once, pages, rows
from lambdas.data_api.batch import answer, read_batch, read_changes
from lambdas.data_api.changes import Change, Event
from lambdas.data_api.compression import compressed
from lambdas.data_api.feed_cursor import read_feed_cursor
from lambdas.data_api.idempotency import read_keyed_request, refuse_key
from lambdas.data_api.preconditions import etag, expectation, is_known
from lambdas.data_api.problems import Problem, broken_contract
from lambdas.data_api.reports import report_batch, report_busy, report_problem, report_row
from lambdas.data_api.requests import (
    JSON,
    MERGE_PATCH,
    Operation,
    is_permitted,
    read_body,
    read_key,
    require_contract,
    require_method,
    require_parameters,
    require_whole_key,
)
from lambdas.data_api.service import Service, Settings
from lambdas.data_api.store import UNREACHABLE, is_busy
from lambdas.data_api.stored import Expectation, Stored
from lambdas.exact_json import dumps
from lambdas.validation import Violation

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_api = APIGatewayHttpResolver()  # without enable_validation: it imports pydantic, 200 ms of a cold start
_logger = Logger()


def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Lambda entry point."""
    _logger.set_correlation_id(correlation_id(event))
    _logger.append_keys(request_id=event["requestContext"]["requestId"])
    answer = _api.resolve(event, context)
    return compressed(answer, _api.current_event.headers.get("accept-encoding") or "")


@_api.get("/openapi.json")
def describe() -> Response[str]:
    """The OpenAPI document. This is the only route without a token."""
    require_parameters(_api.current_event, ())
    return Response(200, JSON, _openapi(), {"Cache-Control": "max-age=300"})


@_api.post("/batch")
def batch() -> Response[str]:
    """Write up to 500 changes of any datasets; each has its own result."""
    event, service = _api.current_event, _service()
    require_parameters(event, ())
    keyed = read_keyed_request(event)
    given = read_batch(read_body(event), _request_id())
    changes, results = read_changes(given, service.checker, partial(is_permitted, event), service.store.now())
    written, is_repeated = once.write_changes(service.store, keyed, changes)
    results |= written
    report_batch(given, results, service.contracts, is_repeated=is_repeated)
    if results and all(result.is_unwritten for result in results.values()):
        raise Problem("unavailable", "DynamoDB wrote none of the changes in time; send the batch again")
    return Response(200, JSON, answer([results[index] for index in sorted(results)]))


@_api.get("/<dataset>")
def list_rows(dataset: str) -> Response[str]:
    """A page of the dataset's rows: all, in no particular order, or those that answer a question in order."""
    contract = _contract(dataset, Operation("read", pages.PARAMETERS, asks=True))
    page = pages.read_page(contract, _api.current_event.query_string_parameters)
    return Response(200, JSON, pages.list_rows(_service().store, contract, page))


@_api.post("/<dataset>")
def create(dataset: str) -> Response[str]:
    """Create a row; 409 if a row with its key exists."""
    contract = _contract(dataset, Operation("write"))
    data = read_body(_api.current_event)
    change = _service().checker.change(contract, "upsert", data, Event(_request_id()))
    written = _write(change, Expectation(live=False, otherwise="exists"), lambda _: 201)
    # Relative to `…/<dataset>`, so that it is valid behind any stage or domain name.
    return _answer(written, {"Location": f"{dataset}/{quote(change.key, safe=',')}"})


@_api.get("/<dataset>/changes")
def changes(dataset: str) -> Response[str]:
    """A page of the change feed. Without a query, it is the row with the key `changes`."""
    if not _api.current_event.query_string_parameters:
        return read(dataset)
    contract = _contract(dataset, Operation("read", feed.PARAMETERS))
    query = _api.current_event.query_string_parameters
    limit, start = pages.read_limit(query), read_feed_cursor(dataset, query)
    return Response(200, JSON, _feed().page(contract, start, limit, _service().store.now()))


@_api.get("/<dataset>/.+")
def read(dataset: str) -> Response[str]:
    """The row, or 304 if the client has this version."""
    contract = _contract(dataset, Operation("read"))
    stored = rows.read(_service().store, contract, read_key(_api.current_event, contract))
    if not contract.table.is_own:  # its items have no version that changes with them
        return _json(200, rows.body(stored))
    headers = {"ETag": etag(stored.version)}
    if is_known(_api.current_event.headers, stored.version):
        return Response(304, body="", headers=headers)  # some gateways do not accept a null body
    return _json(200, rows.body(stored), headers)


@_api.put("/<dataset>/.+")
def replace(dataset: str) -> Response[str]:
    """Store the row, whether it existed (200) or not (201). The body may omit the key."""
    contract = _contract(dataset, Operation("write", of_row=True))
    key = read_key(_api.current_event, contract)
    body = read_body(_api.current_event)
    # As a delete: a default of a key column confirms nothing.
    require_whole_key(_api.current_event, contract, key, align(contract, body, "delete")[0])
    row, _ = align(contract, body)
    data = {**decode_key(contract, key), **row} if isinstance(row, dict) else row
    change = _service().checker.change(contract, "upsert", data, Event(_request_id()))
    if change.key != key:
        raise broken_contract(dataset, [Violation("", "key", f"expected the key {key}, got {change.key}")])
    expected = expectation(_api.current_event.headers)
    return _answer(
        _write(change, expected, lambda before: 200 if before is not None and before.is_live else 201)
    )


@_api.patch("/<dataset>/.+")
def patch(dataset: str) -> Response[str]:
    """Change some columns of a row by JSON merge patch."""
    contract = _contract(dataset, Operation("write", of_row=True))
    event = _api.current_event
    refuse_key(event)
    key, columns = read_key(event, contract), read_body(event, MERGE_PATCH)
    require_whole_key(event, contract, key, align(contract, columns, "delete")[0])
    requested = rows.Patch(contract, key, columns, expectation(event.headers), Event(_request_id()))
    written = rows.patch(_service().store, _service().checker, requested)
    report_row(written, is_repeated=False)
    return _answer(once.Written(200, written))


@_api.delete("/<dataset>/.+")
def delete(dataset: str) -> Response[str]:
    """Delete the row. If there is none, the delete is stored too, so that no older change creates the row."""
    contract = _contract(dataset, Operation("delete", of_row=True))
    key = read_key(_api.current_event, contract)
    require_whole_key(_api.current_event, contract, key)
    change = Change.deletion(contract, key, Event(_request_id()))
    _write(change, expectation(_api.current_event.headers), lambda _: 204)
    return Response(204, body="")  # as for 304


def answer_problem(problem: Problem) -> Response[str]:
    """The problem document."""
    report_problem(_api.current_event, problem, _service().contracts)
    document = {**problem.document(), "instance": f"urn:glueline:request:{_request_id()}"}
    return Response(problem.status, "application/problem+json", dumps(document), problem.headers)


def answer_unavailable(error: ClientError | BotoCoreError) -> Response[str]:
    """503 if the request may succeed later; any other error is raised and fails the invocation."""
    if not is_busy(error):
        raise error
    report_busy(error)
    return answer_problem(Problem("unavailable", "AWS does not answer in time"))


def answer_no_route(_: NotFoundError) -> Response[str]:
    """404 or 405 as a problem document."""
    event = _api.current_event
    try:
        require_method(event)
    except Problem as problem:
        return answer_problem(problem)
    return answer_problem(Problem("not-found", f"there is no {event.http_method} {event.path}"))


def _contract(dataset: str, operation: Operation) -> Contract:
    return require_contract(_api.current_event, _service().contracts, dataset, operation)


def _write(change: Change, expected: Expectation, status_of: once.StatusOf) -> once.Written:
    """Write the row, or find what an earlier request with the same idempotency key has written."""
    keyed = read_keyed_request(_api.current_event)
    written = once.write_row(_service().store, keyed, change, expected, status_of)
    report_row(written.write, is_repeated=written.is_repeated)
    return written


def _answer(written: once.Written, headers: dict[str, str] | None = None) -> Response[str]:
    write = written.write
    body = rows.body(Stored(write.change.contract, write.item))
    return _json(written.status, body, {"ETag": etag(write.version), **(headers or {})})


def _json(status: int, body: Any, headers: dict[str, str] | None = None) -> Response[str]:
    return Response(status, JSON, dumps(body), headers)


def _request_id() -> str:
    return _api.current_event.request_context.request_id


@cache
def _openapi() -> str:
    from expectations.openapi import openapi  # here, as only requests for the document need it

    return json.dumps(openapi(_service().contracts, server_url="."))


# API Gateway ends a request after 30 s; this answers 503 before that.
_CONFIG = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 2})


@cache
def _service() -> Service:
    return Service.of(Settings.from_env(os.environ), boto3.client("dynamodb", config=_CONFIG))


@cache
def _feed() -> feed.Feed:
    settings = Settings.from_env(os.environ)
    s3 = boto3.client("s3", config=_CONFIG)  # here, as only requests for changes need it
    return feed.Feed(s3, settings.raw_bucket, settings.raw_retention_days)


_api.exception_handler(Problem)(answer_problem)
_api.exception_handler([ClientError, *UNREACHABLE])(answer_unavailable)
_api.not_found(answer_no_route)
if "AWS_LAMBDA_INITIALIZATION_TYPE" in os.environ:  # in Lambda: the init phase has the full CPU
    _service()
