"""DynamoDB as the API uses it: one table per dataset, reads and conditional writes of single items."""

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError

from expectations.contract import Contract
from lambdas.data_api.changes import Change
from lambdas.data_api.items import KEY, Item
from lambdas.data_api.problems import Problem
from lambdas.data_api.versions import stamp
from lambdas.data_api.writes import Expectation, Stored, Write

ATTEMPTS = 7
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0
UNREACHABLE = (ConnectionError, HTTPClientError)  # nobody answered
BUSY = frozenset(
    (
        "InternalServerError",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ThrottlingException",
        "TransactionConflictException",
        "TransactionInProgressException",
    )
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of a conditional write: whether it was taken, and what was stored before it."""

    taken: bool
    before: Stored | None


@dataclass(frozen=True, slots=True)
class Store:
    """The datasets' tables; `clock` gives nanoseconds since the epoch."""

    dynamodb: Any
    table_prefix: str
    clock: Callable[[], int] = time.time_ns
    sleep: Callable[[float], None] = time.sleep

    def table(self, contract: Contract) -> str:
        """The name of the dataset's table."""
        return self.table_prefix + contract.dataset

    def now(self) -> int:
        """Microseconds since the epoch, what versions that are times count."""
        return self.clock() // 1000

    def read(self, contract: Contract, key: str) -> Stored | None:
        """What is stored under the key now, marked as deleted or not."""
        found = self.dynamodb.get_item(
            TableName=self.table(contract), Key={KEY: {"S": key}}, ConsistentRead=True
        )
        return _stored(contract, found.get("Item"))

    def first(self, change: Change, expected: Expectation) -> Write:
        """The first attempt to write the change, as if nothing was stored that is not older."""
        now = self.now()
        version = stamp(change.contract, change.op, None, now) if change.version is None else change.version
        return Write(change, version, expected, now)

    def write(self, write: Write) -> Outcome:
        """One conditional call; again only while another transaction holds the item."""
        contract = write.change.contract
        table = self.table(contract)
        for pause in pauses():
            try:
                if write.change.op == "upsert":
                    answer = self.dynamodb.put_item(**write.put(table), ReturnValues="ALL_OLD")
                else:
                    answer = self.dynamodb.update_item(**write.mark(table), ReturnValues="ALL_OLD")
                return Outcome(True, _stored(contract, answer.get("Attributes")))
            except ClientError as error:
                if code_of(error) == "ConditionalCheckFailedException":
                    return Outcome(False, _stored(contract, _item_of(error)))
                if code_of(error) != "TransactionConflictException":
                    raise
                self.sleep(pause)
        raise Problem("unavailable", "other writers keep the row busy")


def _stored(contract: Contract, item: Item | None) -> Stored | None:
    return Stored(contract, item) if item else None


def code_of(error: ClientError) -> str:
    """The error code of AWS's answer."""
    return error.response["Error"]["Code"]


def _item_of(error: ClientError) -> Item | None:
    """What is stored instead: the answer to ReturnValuesOnConditionCheckFailure."""
    response: Any = error.response
    item: Item | None = response.get("Item")
    return item


def is_busy(error: ClientError | BotoCoreError) -> bool:
    """Whether the same request may succeed a little later."""
    if isinstance(error, ClientError):
        answered: Any = error.response.get("ResponseMetadata", {})
        # What stands between DynamoDB and us has no code for it, but a status.
        return code_of(error) in BUSY or answered.get("HTTPStatusCode", 0) >= 500
    return isinstance(error, UNREACHABLE)


def pauses() -> Iterator[float]:
    """How long to wait after each attempt: longer and longer, and at random so that rivals part."""
    for attempt in range(ATTEMPTS):
        yield random.uniform(0, min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**attempt))  # noqa: S311 -- no secret
