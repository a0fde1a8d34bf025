"""The records of requests with idempotency keys, in DynamoDB.

A process takes a request for 30 seconds, longer than it can run. Whatever it writes for the request is in one
transaction with its outcome in the record, under the condition that the request is still its own. So a write
and its record are there together or not at all, and a process that was given up writes nothing more.

A record has hashes, outcomes and versions, and no column of a row: an answer is made again of the repeated
request and its outcome.
"""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from lambdas.data_api.idempotency import KeyedRequest
from lambdas.data_api.items import Item
from lambdas.data_api.problems import Problem
from lambdas.data_api.store import Store, code_of, is_busy

LEASE_MICROS = 30_000_000  # the function ends after 29 s
KEEP_SECONDS = 24 * 3600
ID, FINGERPRINT, HOLDER, UNTIL, EXPIRES_AT, DONE = (
    "id",
    "fingerprint",
    "holder",
    "until",
    "_expires_at",
    "done",
)
_PART = "="  # begins the names of attributes with outcomes
_REFUSED = "ConditionalCheckFailedException"

type Outcomes = Mapping[str, Any]  # name -> JSON value


@dataclass(frozen=True, slots=True)
class Record:
    """The record of a request: taken by this process, or done."""

    store: Store
    item: Item

    @property
    def is_done(self) -> bool:
        """Whether the request has its answer."""
        return DONE in self.item

    @property
    def outcomes(self) -> dict[str, Any]:
        """The outcomes that are recorded, by name."""
        parts = [value["S"] for name, value in self.item.items() if name.startswith(_PART)]
        return {name: outcome for part in parts for name, outcome in json.loads(part).items()}

    def recording(self, outcomes: Outcomes, *, done: bool) -> dict[str, Any]:
        """Parameters of UpdateItem, or of a transaction's Update, that record outcomes of this process.

        They are one attribute with the name of the first of them, as an outcome is recorded once.
        """
        values: Item = {":holder": self.item[HOLDER]}
        names = {"#holder": HOLDER, "#done": DONE}
        sets = []
        if outcomes:
            names["#part"] = f"{_PART}{next(iter(outcomes))}"
            values[":part"] = {"S": json.dumps(outcomes, separators=(",", ":"))}
            sets.append("#part = :part")
        if done:
            values[":done"] = {"BOOL": True}
            sets.append("#done = :done")
        return {
            "TableName": self.store.answers,
            "Key": {ID: self.item[ID]},
            "UpdateExpression": f"SET {', '.join(sets)}",
            "ConditionExpression": "#holder = :holder AND attribute_not_exists(#done)",
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
        }

    def finish(self, outcomes: Outcomes) -> None:
        """Record the last outcomes. Problem 409 if another process has taken the request."""
        try:
            self.store.dynamodb.update_item(**self.recording(outcomes, done=True))
        except ClientError as error:
            if code_of(error) == _REFUSED:
                raise in_flight() from error
            raise

    def release(self) -> None:
        """Let the request be taken again at once. If that fails, it can be taken when its time is over."""
        try:
            self.store.dynamodb.update_item(
                TableName=self.store.answers,
                Key={ID: self.item[ID]},
                UpdateExpression="SET #until = :now",
                ConditionExpression="#holder = :holder",
                ExpressionAttributeNames={"#until": UNTIL, "#holder": HOLDER},
                ExpressionAttributeValues={":now": {"N": "0"}, ":holder": self.item[HOLDER]},
            )
        except (ClientError, BotoCoreError) as error:
            if not is_busy(error) and not (isinstance(error, ClientError) and code_of(error) == _REFUSED):
                raise


def take(store: Store, requested: KeyedRequest) -> Record:
    """The record of the request: done, or taken by this process.

    Problem 422 if the key belongs to another request, 409 if another process carries the request out.
    """
    now = store.now()
    taken: Item = {HOLDER: {"S": uuid.uuid4().hex}, UNTIL: {"N": str(now + LEASE_MICROS)}}
    item: Item = {
        ID: {"S": requested.id},
        FINGERPRINT: {"S": requested.fingerprint},
        EXPIRES_AT: {"N": str(now // 1_000_000 + KEEP_SECONDS)},
        **taken,
    }
    try:
        store.dynamodb.put_item(
            TableName=store.answers,
            Item=item,
            # DynamoDB removes a record some time after it has expired.
            ConditionExpression="attribute_not_exists(#id) OR #expires <= :now",
            ExpressionAttributeNames={"#id": ID, "#expires": EXPIRES_AT},
            ExpressionAttributeValues={":now": {"N": str(now // 1_000_000)}},
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except ClientError as error:
        if code_of(error) != _REFUSED:
            raise
        response: Any = error.response
        return _taken_over(store, requested, response["Item"], taken)
    return Record(store, item)


def in_flight() -> Problem:
    """The problem of a request that another process carries out."""
    return Problem("in-flight", "a request with this Idempotency-Key is being carried out; try again")


def _taken_over(store: Store, requested: KeyedRequest, held: Item, taken: Item) -> Record:
    """The record that is there: done, or taken from a process that has ended without an answer."""
    if held[FINGERPRINT]["S"] != requested.fingerprint:
        raise Problem("key-reused", "expected a new Idempotency-Key: this one was sent with another request")
    if DONE in held or held[HOLDER] == taken[HOLDER]:  # the latter: the first answer of DynamoDB was lost
        return Record(store, held)
    if int(held[UNTIL]["N"]) > store.now():
        raise in_flight()
    try:
        answer = store.dynamodb.update_item(
            TableName=store.answers,
            Key={ID: held[ID]},
            UpdateExpression="SET #holder = :me, #until = :until",
            ConditionExpression="#holder = :held AND attribute_not_exists(#done)",
            ExpressionAttributeNames={"#holder": HOLDER, "#until": UNTIL, "#done": DONE},
            ExpressionAttributeValues={
                ":me": taken[HOLDER],
                ":until": taken[UNTIL],
                ":held": held[HOLDER],
            },
            ReturnValues="ALL_NEW",
        )
    except ClientError as error:
        if code_of(error) == _REFUSED:
            raise in_flight() from error
        raise
    return Record(store, answer["Attributes"])
