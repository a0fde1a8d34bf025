"""The source's client of the Data API, which writes many changes in one request."""

from collections.abc import Iterator, Sequence
from typing import Any

import urllib3

from lambdas.correlation import HEADER
from lambdas.exact_json import BrokenJson, loads
from lambdas.source.events import ValidMessage
from lambdas.source.tokens import DataApiUnavailable, Tokens

MAX_CHANGES = 500  # of one batch
MAX_BYTES = 3 * 1024 * 1024  # Lambda accepts 6 MB for the event, which has this text as a JSON string
# API Gateway answers within 30 s. A failed connection is retried here. A request without an answer is not:
# its messages return to the queue.
TIMEOUT = urllib3.Timeout(connect=3, read=30)
RETRIES = urllib3.Retry(connect=2, read=False, redirect=False, status=False, other=False, backoff_factor=0.1)
_DENIED = (401, 403)  # an HTTP API answers 403 if its authorizer denies the token


class DataApi:
    """Posts batches of changes with its access token."""

    def __init__(self, http: urllib3.PoolManager, url: str, tokens: Tokens) -> None:
        self._http = http
        self._url = f"{url.rstrip('/')}/batch"
        self._tokens = tokens

    def write(
        self, messages: Sequence[ValidMessage], correlation_id: str | None = None
    ) -> list[dict[str, Any]]:
        """Write the changes of the messages; returns one result for each, in order.

        DataApiUnavailable for any other answer. The API adds the correlation id to its log lines.
        """
        body = f'{{"changes":[{",".join([message.change for message in messages])}]}}'
        answer = self._post(body, correlation_id)
        if answer.status in _DENIED:
            self._tokens.forget()
            answer = self._post(body, correlation_id)
        if answer.status != 200:
            raise self._unexpected(_shape(answer))
        try:
            results = loads(answer.data.decode())["results"]
        except (BrokenJson, UnicodeDecodeError, LookupError, TypeError) as error:
            raise self._unexpected(_shape(answer)) from error
        if not isinstance(results, list) or len(results) != len(messages):
            raise self._unexpected("another number of results")
        if not all(map(_is_result, results)):
            raise self._unexpected("results of another form")
        return results

    def _post(self, body: str, correlation_id: str | None) -> urllib3.BaseHTTPResponse:
        headers = {"Authorization": f"Bearer {self._tokens.current()}", "Content-Type": "application/json"}
        if correlation_id:
            headers[HEADER] = correlation_id
        try:
            return self._http.request(
                "POST", self._url, body=body, headers=headers, timeout=TIMEOUT, retries=RETRIES
            )
        except urllib3.exceptions.HTTPError as error:
            raise self._unexpected(f"{type(error).__name__}: {error}") from error

    def _unexpected(self, got: str) -> DataApiUnavailable:
        return DataApiUnavailable(f"expected a result for each change from {self._url}, got {got}")


def _shape(answer: urllib3.BaseHTTPResponse) -> str:
    """An answer for logs, without its content, which may have keys of rows."""
    return f"status {answer.status}, {answer.headers.get('content-type')}, {len(answer.data)} bytes"


def _is_result(result: Any) -> bool:
    """Whether a result has the form of the Data API. Results of another form are from another server."""
    problem = result.get("problem", {}) if isinstance(result, dict) else None
    if not isinstance(problem, dict) or not isinstance(problem.get("status", 0), int):
        return False
    violations = problem.get("violations", [])
    return isinstance(violations, list) and all(isinstance(violation, dict) for violation in violations)


def portions(messages: Sequence[ValidMessage]) -> Iterator[list[ValidMessage]]:
    """The messages in portions that the API accepts as one request, nearly always a single one."""
    portion: list[ValidMessage] = []
    size = 0
    for message in messages:
        if portion and (len(portion) == MAX_CHANGES or size + len(message.change) > MAX_BYTES):
            yield portion
            portion, size = [], 0
        portion.append(message)
        size += len(message.change)
    if portion:
        yield portion
