"""Questions about several rows, which the index of an access pattern answers."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from expectations.access_patterns import AccessPattern
from expectations.contract import Contract
from lambdas.data_api.conditions import Condition, read_condition, read_operator, read_text
from lambdas.data_api.index_attributes import MAX_PARTITION_BYTES, partition_attribute, sort_attribute
from lambdas.data_api.items import DELETED, Item
from lambdas.data_api.problems import Problem
from lambdas.data_api.store import Store, code_of

_ORDERS = ("asc", "desc")
# In DynamoDB's messages about an index that does not exist yet, or that is being filled.
_NOT_READY = ("specified index", "backfilling")


@dataclass(frozen=True, slots=True)
class Question:
    """The rows with one value of the pattern's partition column, in the order of its sort column."""

    contract: Contract
    pattern: AccessPattern
    partition: str  # the value as the index has it
    condition: Condition | None = None
    is_descending: bool = False

    @property
    def fingerprint(self) -> str:
        """A hash of all that decides which rows answer the question, and in which order."""
        condition = self.condition and [self.condition.operator, self.condition.low, self.condition.high]
        parts = [self.contract.dataset, self.pattern.index, self.partition, condition, self.is_descending]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]

    def request(self, table: str, limit: int, start: Item | None) -> dict[str, Any]:
        """The parameters of DynamoDB's Query."""
        names = {"#part": partition_attribute(self.pattern), "#deleted": DELETED}
        values: Item = {":part": {"S": self.partition}}
        expression = "#part = :part"
        if self.condition is not None:
            names["#sort"] = sort_attribute(self.pattern)
            values |= self.condition.values
            expression += f" AND {self.condition.expression}"
        return {
            "TableName": table,
            "IndexName": self.pattern.index,
            "KeyConditionExpression": expression,
            # For items that another writer has marked as deleted: a delete of the API leaves the index.
            "FilterExpression": "attribute_not_exists(#deleted)",
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
            "ScanIndexForward": not self.is_descending,
            "Limit": limit,
            **({} if start is None else {"ExclusiveStartKey": start}),
        }


def read_question(contract: Contract, query: Mapping[str, str]) -> Question | None:
    """The question of the query's parameters that are columns; None if there is none.

    Problem 400, with the patterns that there are, if no index answers it.
    """
    given = {column.name: query[column.name] for column in contract.columns if column.name in query}
    order = query.get("order", "asc")
    if order not in _ORDERS:
        raise Problem("bad-request", f"expected order={' or '.join(_ORDERS)}, got {order[:50]!r}")
    if not given:
        if "order" in query:
            raise Problem("bad-request", f"expected order beside an access pattern: {_offered(contract)}")
        return None
    pattern = _pattern(contract, given)
    _, value = read_operator(given[pattern.partition])
    partition = read_text(contract, contract.column(pattern.partition), value, MAX_PARTITION_BYTES)
    condition = None
    if pattern.sort is not None and pattern.sort in given:
        condition = read_condition(contract, contract.column(pattern.sort), given[pattern.sort])
    return Question(contract, pattern, partition, condition, order == "desc")


def ask(store: Store, question: Question, limit: int, start: Item | None) -> dict[str, Any]:
    """What DynamoDB's Query answers. Problem 503 while the index is being made."""
    table = store.table(question.contract)
    try:
        found: dict[str, Any] = store.dynamodb.query(**question.request(table, limit, start))
    except ClientError as error:
        message = error.response["Error"].get("Message", "")
        if code_of(error) == "ValidationException" and any(words in message for words in _NOT_READY):
            detail = f"the index of the access pattern {question.pattern.name} is being made; try again later"
            raise Problem("unavailable", detail) from error
        raise
    return found


def _pattern(contract: Contract, given: Mapping[str, str]) -> AccessPattern:
    """The first pattern that has these columns, with one value of its partition column."""
    for pattern in contract.patterns:
        if (
            pattern.partition in given
            and given.keys() <= {pattern.partition, pattern.sort}
            and read_operator(given[pattern.partition])[0] == "eq"
        ):
            return pattern
    asked = " and ".join(f"{name}={read_operator(value)[0]}:…" for name, value in given.items())
    raise Problem(
        "bad-request", f"expected a question for an access pattern, got {asked}: {_offered(contract)}"
    )


def _offered(contract: Contract) -> str:
    if not contract.patterns:
        return f"{contract.dataset} has none; its contract declares them as accessPatterns"
    return f"{contract.dataset} has {'; '.join(map(str, contract.patterns))}"
