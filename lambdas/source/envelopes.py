"""Finds the events in the body of a message: one, a batch, or those in an envelope of AWS. No AWS here.

A batch is a JSON array of events (JSON format of CloudEvents 1.0.2, section 4). Each is found with its own
text, so an event that is rejected is a dead letter without the others. A notification of SNS and an event of
EventBridge are unwrapped if they contain a CloudEvent, or a message that a contract describes. Whatever else
AWS sends is not a change of a row; the violation says what it is and what to do.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from lambdas.exact_json import BrokenJson, dumps, elements, loads
from lambdas.validation import MAX_TEXT, Violation

BROKEN_JSON = "broken-json"
WRONG_ENVELOPE = "wrong-envelope"

_MAX_ENVELOPES = 3  # an event of EventBridge that comes through SNS has two
_BINARY = ("ce-", "ce_", "cloudevents_")  # of attributes, in the protocol bindings of CloudEvents
_SEND_EVENTS = "send each change as a CloudEvent of type <dataset>.upsert or <dataset>.delete"
# Whether a contract describes a message like this value, which came with these attributes.
type Claims = Callable[[Any, Mapping[str, str] | None], bool]
_COPY_FILES = "copy files to drops/<dataset>/ of the RAW bucket, and send its notifications to another queue"


@dataclass(frozen=True, slots=True)
class Found:
    """An event as it was received, and the text by which it can be sent again.

    `path` leads from that text to the event, and `index` is its place in a batch. `time` is that of its
    envelope, for an event that has none. `attributes` are those of the message, and of its notification by
    SNS.
    """

    event: Any
    body: str
    path: str = ""
    index: int | None = None
    time: Any = None
    attributes: Mapping[str, str] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class NotFound:
    """A text that contains no event, and why."""

    body: str
    reason: str
    violation: Violation
    index: int | None = None


def events_in(
    body: str, attributes: Mapping[str, str] | None = None, claims: Claims | None = None
) -> Iterator[Found | NotFound]:
    """The events of a message with this body and these message attributes; none if it is an empty batch.

    `claims` is None if no contract describes its messages.
    """
    binary = {name: value for name, value in (attributes or {}).items() if name.lower().startswith(_BINARY)}
    for found in _in_text(body, Found(None, body, attributes=attributes), _MAX_ENVELOPES, claims):
        is_event = found.index is not None or (
            isinstance(found, Found) and _is_expected(found.event, found, claims)
        )
        yield found if is_event or not binary else NotFound(body, WRONG_ENVELOPE, _binary_mode(binary))


def _in_text(text: str, place: Found, envelopes: int, claims: Claims | None) -> Iterator[Found | NotFound]:
    """The events in a text, which is the body or stands at a place in it, in at most so many envelopes."""
    try:
        if text.lstrip(" \t\r\n").startswith("["):
            yield from _in_batch(elements(text), place, claims)
        else:
            yield from _in_value(loads(text), place, envelopes, claims)
    except BrokenJson as error:
        yield NotFound(place.body, BROKEN_JSON, Violation(place.path, "json", str(error)))


def _in_batch(texts: list[str], place: Found, claims: Claims | None) -> Iterator[Found | NotFound]:
    if claims is None and texts and not any("specversion" in text for text in texts):
        expected = (
            "expected a CloudEvent or an array of them, got an array in which nothing has a specversion"
        )
        yield NotFound(
            place.body, WRONG_ENVELOPE, Violation(place.path, "type", f"{expected}: {_SEND_EVENTS}")
        )
        return
    for index, text in enumerate(texts):
        try:
            yield Found(loads(text), text, index=index, time=place.time, attributes=place.attributes)
        except BrokenJson as error:
            yield NotFound(text, BROKEN_JSON, Violation("", "json", str(error)), index)


def _in_value(value: Any, place: Found, envelopes: int, claims: Claims | None) -> Iterator[Found | NotFound]:
    if not isinstance(value, dict) or _is_event(value):
        yield replace(place, event=value)
    elif envelopes and value.get("Type") == "Notification" and isinstance(value.get("Message"), str):
        inner = replace(
            place,
            path=f"{place.path}/Message",
            time=value.get("Timestamp"),
            attributes=_with_those_of_sns(place.attributes, value),
        )
        yield from _in_text(value["Message"], inner, envelopes - 1, claims)
    elif envelopes and "detail-type" in value and _is_detail(value.get("detail"), place, claims):
        inner = replace(place, path=f"{place.path}/detail", time=value.get("time"))
        yield from _in_value(value["detail"], inner, envelopes - 1, claims)
    elif _is_claimed(value, place, claims):
        yield replace(place, event=value)
    elif problem := _other_of_aws(value):
        got, advice = problem
        message = f"expected a CloudEvent, got {got}: {advice}"
        yield NotFound(place.body, WRONG_ENVELOPE, Violation(place.path, "envelope", message))
    else:
        yield replace(place, event=value)


def _is_event(value: Any) -> bool:
    """Whether a value says that it is a CloudEvent."""
    return isinstance(value, dict) and value.get("specversion") is not None


def _is_claimed(value: Any, place: Found, claims: Claims | None) -> bool:
    return claims is not None and claims(value, place.attributes)


def _is_expected(value: Any, place: Found, claims: Claims | None) -> bool:
    return _is_event(value) or _is_claimed(value, place, claims)


def _is_detail(value: Any, place: Found, claims: Claims | None) -> bool:
    return isinstance(value, dict) and _is_expected(value, place, claims)


def _with_those_of_sns(
    attributes: Mapping[str, str] | None, notification: Mapping[str, Any]
) -> Mapping[str, str] | None:
    """The attributes with those that the publisher gave to SNS, which are in the notification."""
    given = notification.get("MessageAttributes")
    if not isinstance(given, dict):
        return attributes
    texts = {name: one.get("Value") for name, one in given.items() if isinstance(one, dict)}
    return {name: value for name, value in texts.items() if isinstance(value, str)} | {**(attributes or {})}


def _other_of_aws(value: Mapping[str, Any]) -> tuple[str, str] | None:
    """What AWS sent that is no CloudEvent and contains none, and what to do; None if AWS did not send it."""
    if value.get("Event") == "s3:TestEvent":
        return "the test event that S3 sends to a new target of a bucket's notifications", _COPY_FILES
    if value.get("Type") in ("SubscriptionConfirmation", "UnsubscribeConfirmation"):
        kind = f"the {value['Type']} of the SNS topic {_shown(value.get('TopicArn'))}"
        return kind, "open its SubscribeURL if you want the subscription, then delete this dead letter"
    if "detail-type" in value and "detail" in value:
        kind = f"the EventBridge event {_shown(value['detail-type'])} of {_shown(value.get('source'))}"
        return kind, _COPY_FILES if value.get("source") == "aws.s3" else f"{_SEND_EVENTS}, as its detail"
    records = value.get("Records")
    first = records[0] if isinstance(records, list) and records else value
    origin = (first.get("eventSource") or first.get("EventSource")) if isinstance(first, dict) else None
    if isinstance(origin, str) and origin.startswith("aws:"):
        return f"a notification of {_shown(origin)}", _COPY_FILES if origin == "aws:s3" else _SEND_EVENTS
    return None


def _binary_mode(attributes: Mapping[str, str]) -> Violation:
    got = ", ".join(f"{name}={value}" for name, value in sorted(attributes.items()))
    message = f"expected the whole CloudEvent as JSON in the body (structured mode), got binary mode: {got}"
    return Violation("", "content-mode", message[:MAX_TEXT])


def _shown(value: Any) -> str:
    return dumps(value)[:100] if isinstance(value, str) else "an unknown name"
