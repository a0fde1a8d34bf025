"""The opaque `next` of a page: where the following page starts. No AWS here.

A cursor has no secret. It names the question that it is from, and is refused in another one. It only says
where to start among the rows that the question has anyway: a start outside of the question is refused too. So
a forged cursor shows nothing that its sender could not ask for.
"""

import base64
import binascii
import json
from typing import Any

from expectations.contract import Contract
from expectations.item_addresses import address, text_of
from expectations.keys import InvalidKey
from lambdas.data_api.changes import MAX_KEY_BYTES
from lambdas.data_api.index_attributes import MAX_SORT_BYTES, partition_attribute, sort_attribute
from lambdas.data_api.items import KEY, Item
from lambdas.data_api.problems import Problem
from lambdas.data_api.questions import Question

_LONGEST_EXISTING_KEY = 10_000  # bytes: it has two attributes, and may be percent-encoded


def write_cursor(contract: Contract, question: Question | None, last: Item) -> str:
    """The cursor after the item with these keys, which DynamoDB gave as LastEvaluatedKey."""
    if question is None:
        return _encode(f"{contract.dataset}/{text_of(contract, last)}")
    key = last[KEY]["S"]
    sort = last[sort_attribute(question.pattern)]["S"]
    return _encode(json.dumps([question.fingerprint, key, sort], separators=(",", ":")))


def read_cursor(contract: Contract, question: Question | None, cursor: str) -> Item:
    """The keys after which the page starts, as ExclusiveStartKey. Problem 400 if it is another query's."""
    text = _decode(cursor)
    start = _after_key(contract, text) if question is None else _after_row(question, text)
    if start is None:
        raise Problem("bad-request", "expected next with the value from a page of the same query")
    return start


def _after_key(contract: Contract, text: str) -> Item | None:
    dataset, _, key = text.partition("/")
    most = min(contract.table.most_key_bytes, _LONGEST_EXISTING_KEY)
    if dataset != contract.dataset or not _fits(key, most):
        return None
    try:
        return address(contract, key)
    except (InvalidKey, ValueError, AttributeError):  # it is no key of the table
        return None


def _after_row(question: Question, text: str) -> Item | None:
    try:
        parts: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    match parts:
        case [question.fingerprint, str(key), str(sort)] if _fits(key, MAX_KEY_BYTES):
            pass
        case _:
            return None
    start: Item = {KEY: {"S": key}, partition_attribute(question.pattern): {"S": question.partition}}
    if question.pattern.sort is None:
        return start if sort == key else None
    if not _fits(sort, MAX_SORT_BYTES) or (question.condition and not question.condition.holds(sort)):
        return None
    return {**start, sort_attribute(question.pattern): {"S": sort}}


def _fits(text: str, most: float) -> bool:
    """Whether the text can be a key of DynamoDB."""
    try:
        return 0 < len(text.encode()) <= most
    except UnicodeEncodeError:
        return False


def _encode(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(cursor: str) -> str:
    try:
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        return ""
