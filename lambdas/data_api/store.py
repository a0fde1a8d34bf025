"""Reads and conditional writes of single items in DynamoDB, with one table for each dataset."""

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError

from expectations.contract import Contract
from expectations.item_addresses import address
from lambdas.data_api.changes import Change
from lambdas.data_api.existing_items import item_of_row
from lambdas.data_api.items import Item
from lambdas.data_api.problems import Problem
from lambdas.data_api.stored import Expectation, Stored
from lambdas.data_api.versions import stamp
from lambdas.data_api.writes import Write

ATTEMPTS = 7
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0
UNREACHABLE = (ConnectionError, HTTPClientError)  # there was no answer
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
    """The outcome of a conditional write: whether it was written, and the item that was stored before."""

    is_written: bool
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
        return contract.table_name(self.table_prefix)

    @property
    def answers(self) -> str:
        """The name of the table of answers to requests with idempotency keys.

        No dataset has a name with a capital letter.
        """
        return f"{self.table_prefix}Answers"

    def now(self) -> int:
        """Microseconds since the epoch, the unit of versions that are times."""
        return self.clock() // 1000

    def read(self, contract: Contract, key: str) -> Stored | None:
        """The item that is stored under the key now, even if it is marked as deleted."""
        found = self.dynamodb.get_item(
            TableName=self.table(contract), Key=address(contract, key), ConsistentRead=True
        )
        return _stored(contract, found.get("Item"))

    def first(self, change: Change, expected: Expectation) -> Write:
        """The first attempt to write the change, which assumes that the stored item is older."""
        now = self.now()
        version = stamp(change.contract, change.op, None, now) if change.version is None else change.version
        return Write(change, version, expected, now)

    def write(self, write: Write) -> Outcome:
        """Write by one conditional call, which is repeated only while another transaction holds the item.

        Problem 503 if transactions still hold it after all attempts.
        """
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
        raise Problem("unavailable", "transactions of other writers hold the row; try again")


def _stored(contract: Contract, item: Item | None) -> Stored | None:
    row = item_of_row(contract, item or None)
    return None if row is None else Stored(contract, row)


def code_of(error: ClientError) -> str:
    """The error code in the answer of AWS."""
    return error.response["Error"]["Code"]


def _item_of(error: ClientError) -> Item | None:
    """The stored item, which ReturnValuesOnConditionCheckFailure adds to the error."""
    response: Any = error.response
    item: Item | None = response.get("Item")
    return item


def is_busy(error: ClientError | BotoCoreError) -> bool:
    """Whether the same request may succeed a little later."""
    if isinstance(error, ClientError):
        answered: Any = error.response.get("ResponseMetadata", {})
        # A proxy between DynamoDB and the API answers without an error code, but with a status.
        return code_of(error) in BUSY or answered.get("HTTPStatusCode", 0) >= 500
    return isinstance(error, UNREACHABLE)


def pauses() -> Iterator[float]:
    """Seconds to wait after each attempt: exponential backoff with full jitter."""
    for attempt in range(ATTEMPTS):
        yield random.uniform(0, min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**attempt))  # noqa: S311 -- no secret
