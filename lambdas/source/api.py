"""The Data API as the source calls it: many changes in one request."""

from collections.abc import Iterator, Sequence
from typing import Any

import urllib3

from lambdas.correlation import HEADER
from lambdas.exact_json import BrokenJson, loads
from lambdas.source.messages import Change
from lambdas.source.tokens import DataApiUnavailable, Tokens

MAX_CHANGES = 500  # of one batch
MAX_BYTES = 3 * 1024 * 1024  # Lambda takes 6 MB, in which API Gateway quotes this text once more
# API Gateway answers within 30 s. A failed connection is tried again, an answer that is late is not waited
# for twice: the queue brings the messages back.
TIMEOUT = urllib3.Timeout(connect=3, read=30)
RETRIES = urllib3.Retry(connect=2, read=False, redirect=False, status=False, other=False, backoff_factor=0.1)
_REFUSED = (401, 403)  # an HTTP API says 403 where its authorizer does not believe a token


class DataApi:
    """Posts batches with a token of its own."""

    def __init__(self, http: urllib3.PoolManager, url: str, tokens: Tokens) -> None:
        self._http = http
        self._url = f"{url.rstrip('/')}/batch"
        self._tokens = tokens

    def write(self, changes: Sequence[Change], correlation_id: str | None = None) -> list[dict[str, Any]]:
        """One result for each change, in order; DataApiUnavailable if there is no such answer.

        The API logs what it does under the correlation id.
        """
        body = f'{{"changes":[{",".join([change.text for change in changes])}]}}'
        answer = self._post(body, correlation_id)
        if answer.status in _REFUSED:
            self._tokens.forget()
            answer = self._post(body, correlation_id)
        if answer.status != 200:
            raise self._unexpected(_shape(answer))
        try:
            results = loads(answer.data.decode())["results"]
        except (BrokenJson, UnicodeDecodeError, LookupError, TypeError) as error:
            raise self._unexpected(_shape(answer)) from error
        if not isinstance(results, list) or len(results) != len(changes):
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
    """What an answer looks like, for logs: its content may have keys of rows."""
    return f"status {answer.status}, {answer.headers.get('content-type')}, {len(answer.data)} bytes"


def _is_result(result: Any) -> bool:
    """Whether a result can be read, whatever it says. Only what answers in the API's place says otherwise."""
    problem = result.get("problem", {}) if isinstance(result, dict) else None
    if not isinstance(problem, dict) or not isinstance(problem.get("status", 0), int):
        return False
    violations = problem.get("violations", [])
    return isinstance(violations, list) and all(isinstance(violation, dict) for violation in violations)


def portions(changes: Sequence[Change]) -> Iterator[list[Change]]:
    """The changes in as few portions as the API takes: nearly always one."""
    portion: list[Change] = []
    size = 0
    for change in changes:
        if portion and (len(portion) == MAX_CHANGES or size + len(change.text) > MAX_BYTES):
            yield portion
            portion, size = [], 0
        portion.append(change)
        size += len(change.text)
    if portion:
        yield portion
