"""A batch request: its changes, and the number of each outcome."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from expectations import timestamps
from lambdas.data_api.changes import Change, Checker, Event
from lambdas.data_api.problems import Problem, read_only, unknown_dataset
from lambdas.data_api.transactions import Index, Result
from lambdas.exact_json import dumps

MAX_CHANGES = 500
MAX_ANSWER_BYTES = 4 * 1024 * 1024  # Lambda returns at most 6 MB, with this text as a JSON string
_MAX_ID = 256  # characters of a sender's id in logs
VERBS = {"upsert": "write", "delete": "delete"}

type IsPermitted = Callable[[str, str], bool]  # (dataset, verb)


def read_batch(body: Any, request_id: str) -> list[dict[str, Any]]:
    """The changes of the body as they were sent. Those without an event id get one of request id and place.

    Problem 400 or 413 if the body is not a batch.
    """
    given = body.get("changes") if isinstance(body, dict) else None
    if not isinstance(given, list):
        raise Problem("bad-request", 'expected a body {"changes": [...]}')
    if len(given) > MAX_CHANGES:
        raise Problem("too-large", f"expected at most {MAX_CHANGES} changes, got {len(given)}")
    return [
        {"event_id": f"{request_id}.{index}", **(one if isinstance(one, dict) else {})}
        for index, one in enumerate(given)
    ]


def read_changes(
    given: Sequence[Mapping[str, Any]], checker: Checker, is_permitted: IsPermitted, now: int
) -> tuple[dict[Index, Change], dict[Index, Result]]:
    """The valid changes, and the results of the others, by their places in the batch.

    `now` is in microseconds since the epoch. Later times count as now, since no change could follow a change
    from the future until then.
    """
    changes: dict[Index, Change] = {}
    results: dict[Index, Result] = {}
    for index, one in enumerate(given):
        try:
            changes[index] = _change(one, checker, is_permitted, now)
        except Problem as problem:
            results[index] = Result("rejected", problem=problem)
    return changes, results


def shown_id(given: Mapping[str, Any]) -> str:
    """The event id of a change, which may be any JSON value, for logs."""
    event_id = given["event_id"]
    return event_id[:_MAX_ID] if isinstance(event_id, str) else ""


def counts(
    given: Sequence[Mapping[str, Any]], results: Mapping[Index, Result], known: Mapping[str, Any]
) -> dict[str, Counter[str]]:
    """Dataset -> number of changes by outcome; `none` is for changes without a known dataset."""
    by_dataset: dict[str, Counter[str]] = defaultdict(Counter)
    for index, result in results.items():
        dataset = given[index].get("dataset")
        label = dataset if isinstance(dataset, str) and dataset in known else "none"
        by_dataset[label]["unwritten" if result.is_unwritten else result.status] += 1
    return by_dataset


def answer(results: Sequence[Result]) -> str:
    """The JSON text of the answer. It has no violations if it would be too large with all of them."""
    documents = [result.document() for result in results]
    text = dumps({"results": documents})
    if len(text) > MAX_ANSWER_BYTES:
        for document in documents:
            document.get("problem", {}).pop("violations", None)
        text = dumps({"results": documents})
    return text


def _change(given: Mapping[str, Any], checker: Checker, is_permitted: IsPermitted, now: int) -> Change:
    dataset, op, event_id = (given.get(name) for name in ("dataset", "op", "event_id"))
    if not (isinstance(dataset, str) and isinstance(event_id, str) and op in ("upsert", "delete")):
        raise Problem("bad-request", "expected an object with dataset, op (upsert or delete) and data")
    if not is_permitted(dataset, VERBS[op]):
        raise Problem("forbidden", f"expected a token that permits {dataset[:100]}:{VERBS[op]}")
    if dataset not in checker.contracts:
        raise unknown_dataset(dataset, checker.contracts)
    if not checker.contracts[dataset].table.is_own:
        raise read_only(checker.contracts[dataset])
    event = Event(event_id, _time(given, now))
    return checker.change(checker.contracts[dataset], op, given.get("data"), event)


def _time(given: Mapping[str, Any], now: int) -> int | None:
    """When the change happened, in microseconds since the epoch; None if the sender does not say.

    Problem 400 if the time is not a timestamp. Setting it needs no permission beyond the one to write, as an
    older time can only make the change lose.
    """
    if "time" not in given:
        return None
    text = given["time"]
    instant = timestamps.canonical(text) if isinstance(text, str) else None
    if instant is None:
        raise Problem("bad-request", "expected time as an ISO 8601 timestamp")
    return min(timestamps.to_micros(instant), now)
