"""Queue -> Data API: checks every message against its contract and writes the good ones in one request.

Each message ends in exactly one way: handled (the API took it, has a newer version, or its key is erased), in
the dead-letter queue with its reasons, or back in its queue as a failure of the batch.

Safe to repeat: the API orders the changes of a row by the sequence column if the dataset has one, then by the
event's time, then by its id. So a message that SQS delivers again changes nothing, even after later ones. The
same event sent twice is as good, if it has a `time`: without one each message happens when it was sent.

A message of an erased key is counted and dropped. As a dead letter it would keep what the erasure removed.
"""

import os
import re
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
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
from lambdas.source.messages import REJECTED_BY_API, Change, DeadLetter, Message, Reader, in_data
from lambdas.source.settings import Settings
from lambdas.source.tokens import DataApiUnavailable, Tokens
from lambdas.validation import Validators, Violation

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_MAX_ID = 256  # characters of an id that someone else chose, as logs show it
_MILLISECONDS = re.compile("[0-9]{1,14}")
_ERASED = "urn:glueline:problem:erased"
_logger = Logger()
# The statuses below 500 of what may be taken when it comes again (RFC 9110, 8470, 6585).
_LATER = (408, 425, 429)


def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Lambda entry point; the event source mapping has ReportBatchItemFailures."""
    _logger.set_correlation_id(context.aws_request_id)
    return take(event["Records"], _wiring())


def take(records: Iterable[dict[str, Any]], wiring: "Wiring") -> dict[str, Any]:
    """Take a batch of queue messages; the answer names those that have to come back."""
    outcome = Outcome()
    changes: list[Change] = []
    for record in records:
        found = wiring.reader.read(record["messageId"], record["body"], sent(record))
        if isinstance(found, Change):
            changes.append(found)
        else:
            outcome.letters.append(found)
    _log_adjustments(changes)
    _write(changes, wiring.api, outcome)
    _bury(outcome, wiring)
    _report(outcome, wiring.reader.contracts)
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in outcome.failed]}


def sent(record: Mapping[str, Any]) -> int | None:
    """When the message was sent first, in milliseconds since the epoch: also if it was redriven since."""
    told = (
        record.get("attributes", {}).get("SentTimestamp"),
        record.get("messageAttributes", {}).get(dead_letters.SENT_AT, {}).get("stringValue"),
    )
    return min((int(text) for text in told if text and _MILLISECONDS.fullmatch(text)), default=None)


@dataclass(slots=True)
class Outcome:
    """What became of the messages of a batch."""

    handled: Counter[tuple[str, str]] = field(default_factory=Counter)  # (dataset, accepted | stale | erased)
    erased: list[Message] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)  # message id -> why it has to come back


@dataclass(frozen=True, slots=True)
class Wiring:
    """What the source works with, made once for the life of the Lambda's process."""

    settings: Settings
    reader: Reader
    api: DataApi
    sqs: Any
    sns: Any


def _write(changes: Sequence[Change], api: DataApi, outcome: Outcome) -> None:
    """Hand the changes to the API; once it can't be reached it is not asked again for this batch."""
    settled = 0
    for portion in portions(changes):
        try:
            results = api.write(portion, _logger.get_correlation_id())
        except DataApiUnavailable as error:
            _logger.error("data api unavailable", error=str(error))
            break
        for change, result in zip(portion, results, strict=True):
            _settle(change, result, outcome)
        _log_answers(portion, results)
        settled += len(portion)
    outcome.failed |= {left.message.message_id: "data api unavailable" for left in changes[settled:]}


def _settle(change: Change, result: dict[str, Any], outcome: Outcome) -> None:
    status, problem = result.get("status"), result.get("problem") or {}
    if status in ("accepted", "stale"):
        outcome.handled[change.message.dataset, status] += 1
    elif status == "rejected" and problem.get("type") == _ERASED:
        outcome.handled[change.message.dataset, "erased"] += 1
        outcome.erased.append(change.message)
    elif status == "rejected" and problem.get("status", 500) < 500 and problem["status"] not in _LATER:
        given = problem.get("violations") or [{"rule": problem.get("type"), "message": problem.get("detail")}]
        violations = [Violation(*(str(one.get(name) or "") for name in Violation._fields)) for one in given]
        outcome.letters.append(DeadLetter(change.message, REJECTED_BY_API, in_data(violations)))
    else:
        outcome.failed[change.message.message_id] = f"data api: {status} {problem.get('title', '')}"


def _bury(outcome: Outcome, wiring: Wiring) -> None:
    """Put what can't be taken into the dead-letter queue and tell of it, once for the batch."""
    if not outcome.letters:
        return
    unsent = dead_letters.send(wiring.sqs, wiring.settings.dead_letter_queue_url, outcome.letters)
    outcome.failed |= {message_id: f"dead-letter queue: {error}" for message_id, error in unsent.items()}
    outcome.letters = [letter for letter in outcome.letters if letter.message.message_id not in unsent]
    if not outcome.letters:
        return
    subject, text = dead_letters.alert(outcome.letters)
    try:
        wiring.sns.publish(TopicArn=wiring.settings.alert_topic_arn, Subject=subject, Message=text)
    except (ClientError, BotoCoreError) as error:  # the letters are safe: failing would only send them twice
        _logger.error("alert not sent", error=str(error))


def _log_adjustments(changes: Sequence[Change]) -> None:
    """What aligning changed: how often, and one example, by place and without the values."""
    adjusted = [change for change in changes if change.adjustments]
    if not adjusted:
        return
    kinds = Counter(
        f"{change.message.dataset}{adjustment.path} {adjustment.rule}"
        for change in adjusted
        for adjustment in change.adjustments
    )
    example = {"event_id": adjusted[0].message.event_id, "path": adjusted[0].adjustments[0].path}
    _logger.info(
        "messages aligned", messages=len(adjusted), adjustments=dict(kinds.most_common(20)), example=example
    )


def _log_answers(changes: Sequence[Change], results: Sequence[dict[str, Any]]) -> None:
    """What joins a message to the request that brought it to the API, and to its event there and behind."""
    answers = [
        [change.message.message_id, change.message.event_id[:_MAX_ID], str(result.get("status"))]
        for change, result in zip(changes, results, strict=True)
    ]
    _logger.info("messages answered", columns=["message_id", "event_id", "status"], answers=answers)


def _report(outcome: Outcome, known: Container[str]) -> None:
    """Log what was refused and what comes back, each with what leads to it, and count all."""
    amounts: dict[str, Counter[str]] = defaultdict(Counter)
    for (dataset, status), amount in outcome.handled.items():
        amounts[dataset][status] += amount
    for letter in outcome.letters:
        _logger.warning("message refused", **letter.summary())
        dataset = letter.message.dataset
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
    for reason, amount in Counter(letter.reason for letter in outcome.letters).items():
        count({"refused": amount}, reason=reason)
    for cause, amount in Counter(outcome.failed.values()).items():
        _logger.error("messages go back to their queue", messages=amount, cause=cause)
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


if "AWS_LAMBDA_INITIALIZATION_TYPE" in os.environ:  # in Lambda: INIT has the full CPU, a request has not
    _wiring()
