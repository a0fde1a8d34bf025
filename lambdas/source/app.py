"""Validates messages of queues, streams and topics, and writes their changes to the Data API in one request.

Each event has exactly one outcome: it is handled (the API accepted it, has a newer version, its key is
erased, or it is about no row, such as a heartbeat of Debezium), it is a dead letter with its reasons, or its
message returns to the queue as a failure. A message is one event or a batch. If one event of a message is
neither handled nor a dead letter, the whole message returns, and its dead letters are sent when none of its
events is left.

Safe to repeat: the API orders the changes of a row by the sequence column if the dataset has one, then by the
event's time, then by its id. So a message that SQS delivers again changes nothing, even after later ones. The
same is true of an event that is sent twice with a `time`; without one, each message happens when it was sent.

A message of an erased key is counted and dropped. A dead letter would keep the data that was erased.
"""

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import boto3
import urllib3
from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from expectations.contract import load_compiled
from lambdas.metrics import count
from lambdas.source import dead_letters
from lambdas.source.api import DataApi, portions
from lambdas.source.events import REJECTED_BY_API, DeadLetter, Message, SkippedMessage, ValidMessage, in_data
from lambdas.source.messages import Reader
from lambdas.source.received import KAFKA, Received, held_back, read_records, records_of
from lambdas.source.settings import Settings
from lambdas.source.tokens import DataApiUnavailable, Tokens
from lambdas.validation import Validators, Violation

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_MAX_ID = 256  # characters of a sender's id in logs
_REQUEST = 35_000  # milliseconds that a request to the API may take
_CALL = 10_000  # milliseconds in which a call to SQS and the alert are surely done
_ERASED = "urn:glueline:problem:erased"
_logger = Logger()
# Statuses below 500 of requests that may succeed later (RFC 9110, 8470, 6585).
_RETRYABLE = (408, 425, 429)


def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Lambda entry point; the mappings of queues and streams have ReportBatchItemFailures."""
    _logger.set_correlation_id(context.aws_request_id)
    answer = process(records_of(event), _wiring(), context.get_remaining_time_in_millis)
    if event.get("eventSource") == KAFKA and answer["batchItemFailures"]:
        raise BatchFailed(
            "the batch comes again: the Data API or the dead-letter queue did not take all of it"
        )
    return answer


class BatchFailed(Exception):
    """Raised when a batch of Kafka has to come again, whose mapping knows no failures of single records."""


def process(
    records: Iterable[dict[str, Any]], wiring: "Wiring", time_left: Callable[[], int] = lambda: _REQUEST
) -> dict[str, Any]:
    """Process some messages; the answer names those that return to the queue.

    A batch has as many events as fit in a message. What the milliseconds that are left do not suffice for
    returns to the queue; but what comes first is always tried, so that there is progress.
    """
    outcome = Outcome()
    valid: list[ValidMessage] = []
    received = read_records(records)
    for one in received:
        events = wiring.reader.read(one.id, one.body, one.happened, one.attributes, one.source)
        if not events:
            _logger.info("message is an empty array", message_id=one.id)
        for found in events:
            if isinstance(found, ValidMessage):
                valid.append(found)
            elif isinstance(found, SkippedMessage):
                outcome.skipped[found.why] += 1
            else:
                outcome.dead_letters.append(found)
    _log_adjustments(valid)
    _write(valid, wiring.api, outcome, time_left)
    sent = {one.id: one.sent for one in received}
    outcome.dead_letters = [one.sent_at(sent[one.message.message_id]) for one in outcome.dead_letters]
    _hold_back(received, outcome)
    _send_dead_letters(outcome, wiring, lambda: time_left() < _CALL)
    _hold_back(received, outcome)
    _report(outcome, wiring.reader.contracts)
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in outcome.failed]}


@dataclass(slots=True)
class Outcome:
    """The outcomes of the messages of an invocation."""

    handled: Counter[tuple[str, str]] = field(default_factory=Counter)  # (dataset, accepted | stale | erased)
    erased: list[Message] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)  # what they are; about no row
    dead_letters: list[DeadLetter] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)  # message id -> why it returns to the queue


@dataclass(frozen=True, slots=True)
class Wiring:
    """The settings and clients of the source, created once for each process of the Lambda."""

    settings: Settings
    reader: Reader
    api: DataApi
    sqs: Any
    sns: Any


def _write(
    messages: Sequence[ValidMessage], api: DataApi, outcome: Outcome, time_left: Callable[[], int]
) -> None:
    """Write the changes by the API. Once it is unavailable, it is not called again for this invocation."""
    settled, cause = 0, "data api unavailable"
    for portion in portions(messages):
        if settled and time_left() < _REQUEST:
            cause = "no time left in this invocation"
            break
        try:
            results = api.write(portion, _logger.get_correlation_id())
        except DataApiUnavailable as error:
            _logger.error("data api unavailable", error=str(error))
            break
        for found, result in zip(portion, results, strict=True):
            _settle(found.message, result, outcome)
        _log_answers(portion, results)
        settled += len(portion)
    outcome.failed |= {left.message.message_id: cause for left in messages[settled:]}


def _hold_back(received: Sequence[Received], outcome: Outcome) -> None:
    """Let what follows a failure in its group fail too, so that it comes again after it."""
    for message_id in held_back(received, outcome.failed.keys()):
        outcome.failed.setdefault(message_id, "a message before it in its group failed")


def _settle(message: Message, result: dict[str, Any], outcome: Outcome) -> None:
    status, problem = result.get("status"), result.get("problem") or {}
    if status in ("accepted", "stale"):
        outcome.handled[message.dataset, status] += 1
    elif status == "rejected" and problem.get("type") == _ERASED:
        outcome.handled[message.dataset, "erased"] += 1
        outcome.erased.append(message)
    elif status == "rejected" and problem.get("status", 500) < 500 and problem["status"] not in _RETRYABLE:
        given = problem.get("violations") or [{"rule": problem.get("type"), "message": problem.get("detail")}]
        violations = [Violation(*(str(one.get(name) or "") for name in Violation._fields)) for one in given]
        outcome.dead_letters.append(DeadLetter(message, REJECTED_BY_API, in_data(message, violations)))
    else:
        outcome.failed[message.message_id] = f"data api: {status} {problem.get('title', '')}"


def _send_dead_letters(outcome: Outcome, wiring: Wiring, is_late: Callable[[], bool]) -> None:
    """Send rejected events to the dead-letter queue, and one alert for all of them.

    Those of a message that returns to its queue are not sent: they come again with it.
    """
    outcome.dead_letters = [
        one for one in outcome.dead_letters if one.message.message_id not in outcome.failed
    ]
    if not outcome.dead_letters:
        return
    unsent = dead_letters.send(
        wiring.sqs, wiring.settings.dead_letter_queue_url, outcome.dead_letters, is_late
    )
    outcome.failed |= {message_id: f"dead-letter queue: {error}" for message_id, error in unsent.items()}
    outcome.dead_letters = [one for one in outcome.dead_letters if one.message.message_id not in unsent]
    if not outcome.dead_letters:
        return
    subject, text = dead_letters.alert(outcome.dead_letters)
    try:
        wiring.sns.publish(TopicArn=wiring.settings.alert_topic_arn, Subject=subject, Message=text)
    except (ClientError, BotoCoreError) as error:  # a failure would send the dead letters again
        _logger.error("alert not sent", error=str(error))


def _log_adjustments(messages: Sequence[ValidMessage]) -> None:
    """Log what alignment changed: counts by place and rule, and one example, without values."""
    adjusted = [found for found in messages if found.adjustments]
    if not adjusted:
        return
    kinds = Counter(
        f"{found.message.dataset}{adjustment.path} {adjustment.rule}"
        for found in adjusted
        for adjustment in found.adjustments
    )
    example = {"event_id": adjusted[0].message.event_id, "path": adjusted[0].adjustments[0].path}
    _logger.info(
        "messages aligned", messages=len(adjusted), adjustments=dict(kinds.most_common(20)), example=example
    )


def _log_answers(messages: Sequence[ValidMessage], results: Sequence[dict[str, Any]]) -> None:
    """Log which message has which event id, by which the API and the forwarder log it."""
    answers = [
        [found.message.message_id, found.message.event_id[:_MAX_ID], str(result.get("status"))]
        for found, result in zip(messages, results, strict=True)
    ]
    _logger.info("messages answered", columns=["message_id", "event_id", "status"], answers=answers)


def _report(outcome: Outcome, known: Container[str]) -> None:
    """Log rejected and erased messages and why others return to the queue, and count all outcomes."""
    amounts: dict[str, Counter[str]] = defaultdict(Counter)
    for (dataset, status), amount in outcome.handled.items():
        amounts[dataset][status] += amount
    for dead_letter in outcome.dead_letters:
        _logger.warning("message rejected", **dead_letter.summary())
        dataset = dead_letter.message.dataset
        amounts[dataset if dataset in known else "none"]["refused"] += 1
    for message in outcome.erased:
        _logger.warning(
            "message of an erased key dropped",
            message_id=message.message_id,
            event_id=message.event_id[:_MAX_ID],
            dataset=message.dataset,
        )
    for dataset, outcomes in amounts.items():
        count(outcomes, dataset=dataset)
    for reason, amount in Counter(one.reason for one in outcome.dead_letters).items():
        count({"refused": amount}, reason=reason)
    if outcome.skipped:
        _logger.info("messages about no row skipped", messages=dict(outcome.skipped))
    for cause, amount in Counter(outcome.failed.values()).items():
        _logger.error("messages return to their queue", messages=amount, cause=cause)
    count({"failed": len(outcome.failed)})


@cache
def _wiring() -> Wiring:
    settings = Settings.from_env(os.environ)
    contracts = load_compiled(settings.contracts)
    http = urllib3.PoolManager()
    tokens = Tokens(http, settings.token_url, settings.client_id, partial(_secret, settings))
    return Wiring(
        settings,
        Reader(contracts, Validators(contracts)),
        DataApi(http, settings.data_api_url, tokens),
        boto3.client("sqs"),
        boto3.client("sns"),
    )


def _secret(settings: Settings) -> str:
    cognito = boto3.client("cognito-idp")
    try:
        client = cognito.describe_user_pool_client(
            UserPoolId=settings.user_pool_id, ClientId=settings.client_id
        )["UserPoolClient"]
    except (ClientError, BotoCoreError) as error:
        raise DataApiUnavailable(f"expected the secret of the client, got {error}") from error
    secret: str = client["ClientSecret"]
    return secret


if "AWS_LAMBDA_INITIALIZATION_TYPE" in os.environ:  # in Lambda: the init phase has the full CPU
    _wiring()
