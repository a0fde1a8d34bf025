"""From the inbound queue to the RAW bucket: the real functions, and what AWS does between them.

`poll_queue` and `poll_stream` do what the event source mappings of the template do: pass a batch to the
function, delete the messages that it confirmed, and continue in the stream only after a batch that it
confirmed. The calls of the functions go through a proxy, where they may fail.
"""

import gzip
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import boto3

from expectations.contract import dump_compiled
from lambdas.exact_json import dumps
from tests.builders import contracts
from tests.faults.functions import FunctionFailed, FunctionKilled, invoke
from tests.faults.proxy import Proxy, proxied
from tests.lambdas.loopback import Answer, Loopback, Request, serve
from tests.model import Change, merged

EVENTS = Path(__file__).parents[1] / "events"
DATASET = "transactions"
DELETED = (True, None)  # the state of a deleted item
MOST_POLLS = 10  # no source is so unlucky
_numbers = count(1)

type Items = dict[str, dict[str, Any]]


@dataclass(slots=True, repr=False)
class Flow:
    """Queues, a table with its stream, and buckets of one test."""

    name: str
    proxy: Proxy
    environments: Mapping[str, Mapping[str, str]]
    inbound: str
    dead: str
    stream: str
    read: int = 0  # records of the stream that the forwarder answered for
    killed: list[str] = field(default_factory=list)  # functions

    def send(self, *bodies: str) -> None:
        """Put messages into the inbound queue."""
        sqs = boto3.client("sqs")
        for body in bodies:
            sqs.send_message(QueueUrl=self.inbound, MessageBody=body)

    def poll_queue(self, most: int = 10) -> bool:
        """One batch for the source, whose messages stay in the queue if it fails; False if none waits."""
        sqs = boto3.client("sqs")
        # Hidden for no time, so that what is not answered for comes back at once.
        answer = sqs.receive_message(QueueUrl=self.inbound, MaxNumberOfMessages=most, VisibilityTimeout=0)
        messages = answer.get("Messages", [])
        if not messages:
            return False
        records = [{"messageId": one["MessageId"], "body": one["Body"]} for one in messages]
        failed = self._handled("source", records)
        for message in messages:
            if failed is not None and message["MessageId"] not in failed:
                sqs.delete_message(QueueUrl=self.inbound, ReceiptHandle=message["ReceiptHandle"])
        return True

    def poll_stream(self, most: int = 1000) -> bool:
        """The next batch for the forwarder, which comes again if it fails; False if there is none."""
        records = self.records()[self.read : self.read + most]
        if not records:
            return False
        if self._handled("forwarder", records) is not None:
            self.read += len(records)
        return True

    def batch(self, request: Request) -> Answer:
        """What API Gateway makes of a request for the Data API."""
        event = json.loads((EVENTS / "http_api.json").read_text(encoding="utf-8"))
        event |= {"rawPath": "/batch", "headers": request.headers, "body": request.body.decode()}
        event["requestContext"]["http"] |= {"method": "POST", "path": "/batch"}
        answer = self._invoke("data_api", event)
        if answer is None:
            return Answer(500, b'{"message":"Internal Server Error"}')
        [answered] = answer
        return Answer(answered["statusCode"], answered["body"].encode(), answered["headers"])

    def drain(self) -> None:
        """Poll until nothing waits."""
        for poll in (self.poll_queue, self.poll_stream):
            for _ in range(MOST_POLLS):
                if not poll():
                    break
            else:
                raise AssertionError(f"expected {MOST_POLLS} polls to be enough: {poll}")

    def records(self) -> list[dict[str, Any]]:
        """All records of the stream, as Lambda hands them over."""
        streams = boto3.client("dynamodbstreams")
        [shard] = streams.describe_stream(StreamArn=self.stream)["StreamDescription"]["Shards"]
        iterator = streams.get_shard_iterator(
            StreamArn=self.stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        found: list[Any] = streams.get_records(ShardIterator=iterator)["Records"]
        # For an update of a missing item moto has two records, the first without values. DynamoDB has one.
        records = [record for record in found if "_version" in record["dynamodb"]["NewImage"]]
        for record in records:
            body = record["dynamodb"]
            body["ApproximateCreationDateTime"] = body["ApproximateCreationDateTime"].timestamp()
            record["eventSourceARN"] = self.stream
        return records

    def items(self) -> Items:
        """The table: key -> item."""
        found = boto3.client("dynamodb").scan(TableName=f"{self.name}-{DATASET}", ConsistentRead=True)
        return {item["_key"]["S"]: item for item in found["Items"]}

    def dead_letters(self) -> set[str]:
        """The event ids of the dead letters."""
        sqs, found = boto3.client("sqs"), set()
        while messages := sqs.receive_message(
            QueueUrl=self.dead, MaxNumberOfMessages=10, MessageAttributeNames=["event_id"]
        ).get("Messages"):
            found |= {one["MessageAttributes"]["event_id"]["StringValue"] for one in messages}
        return found

    def landed(self) -> list[list[dict[str, Any]]]:
        """The records of each object in the RAW bucket, by name."""
        s3, bucket = boto3.client("s3"), f"{self.name}-raw"
        keys = [one["Key"] for one in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]
        bodies = [s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in sorted(keys)]
        return [[json.loads(line) for line in gzip.decompress(body).splitlines()] for body in bodies]

    def _handled(self, function: str, records: Sequence[Any]) -> set[str] | None:
        """The ids of what has to come back; None if the function failed: all of it."""
        answer = self._invoke(function, {"Records": records})
        if answer is None:
            return None
        [answered] = answer
        return {one["itemIdentifier"] for one in (answered or {}).get("batchItemFailures", [])}

    def _invoke(self, function: str, event: Any) -> list[Any] | None:
        """What the function answers, in a list; None if it did not."""
        try:
            return [invoke(function, event, self.environments[function])]
        except FunctionFailed:
            return None
        except FunctionKilled:
            self.killed.append(function)
            return None


@contextmanager
def flowing(aws: str, folder: Path) -> Iterator[Flow]:
    """A flow with nothing in it, and a proxy between it and that AWS."""
    name = f"flow{next(_numbers)}"
    compiled = folder / "contracts.json"
    compiled.write_text(dump_compiled(contracts()), encoding="utf-8")
    sqs = boto3.client("sqs")
    table = boto3.client("dynamodb").create_table(
        TableName=f"{name}-{DATASET}",
        KeySchema=[{"AttributeName": "_key", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "_key", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )["TableDescription"]
    boto3.client("s3").create_bucket(Bucket=f"{name}-raw")
    inbound, dead = (sqs.create_queue(QueueName=f"{name}-{one}")["QueueUrl"] for one in ("in", "dead"))
    topic = boto3.client("sns").create_topic(Name=f"{name}-alerts")["TopicArn"]
    with serve() as outside, proxied(aws, {"/outside/": outside.url}) as proxy:
        shared = {
            "AWS_ENDPOINT_URL": proxy.url,
            "AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER": f"{proxy.url}/outside/cognito",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_MAX_ATTEMPTS": "2",  # as many as it takes to see that there are some
            "POWERTOOLS_SERVICE_NAME": "faults",
            "POWERTOOLS_METRICS_NAMESPACE": "Glueline",
            "CONTRACTS": str(compiled),
            "TABLE_PREFIX": f"{name}-",
            "RAW_BUCKET": f"{name}-raw",
            "RAW_RETENTION_DAYS": "30",
        }
        source = {
            "DATA_API_URL": f"{proxy.url}/outside",
            "TOKEN_URL": f"{proxy.url}/outside/oauth2/token",
            "USER_POOL_ID": "pool",
            "CLIENT_ID": "client",
            "DEAD_LETTER_QUEUE_URL": dead,
            "ALERT_TOPIC_ARN": topic,
        }
        environments = {
            "source": shared | source,
            "data_api": shared,
            "forwarder": shared,
        }
        flow = Flow(name, proxy, environments, inbound, dead, table["LatestStreamArn"])
        _open_gateway(outside, flow)
        yield flow


def _open_gateway(server: Loopback, flow: Flow) -> None:
    """An HTTP API, an identity provider that trusts everyone, and what Cognito tells of its client."""
    server.routes |= {
        "/outside/batch": flow.batch,
        "/outside/oauth2/token": _answers({"access_token": "token", "expires_in": 3600}),
        "/outside/cognito": _answers({"UserPoolClient": {"ClientSecret": "secret"}}),
    }


def _answers(content: Any) -> Callable[[Request], Answer]:
    answer = Answer(200, json.dumps(content).encode(), {"Content-Type": "application/json"})
    return lambda _: answer


def message(event_id: str, kind: str, data: Mapping[str, Any]) -> str:
    """A CloudEvent of the dataset."""
    envelope = {"specversion": "1.0", "id": event_id, "source": "till", "type": f"{DATASET}.{kind}"}
    return dumps({**envelope, "data": dict(data)})


def state(item: Mapping[str, Any]) -> tuple[Any, ...]:
    """What is compared of an item: whether it is a row, and the column that tests change."""
    return DELETED if "_deleted" in item else (False, item["quantity"]["N"])


def newest(objects: Iterable[Iterable[Mapping[str, Any]]]) -> dict[str, tuple[int, tuple[Any, ...]]]:
    """What the model makes of the records that landed, as `standing` shows it."""
    return standing(_change(record) for records in objects for record in records)


def _change(record: Mapping[str, Any]) -> Change:
    image, key = record["dynamodb"]["NewImage"], record["dynamodb"]["Keys"]["_key"]["S"]
    op = "delete" if "_deleted" in image else "upsert"
    tie = record["dynamodb"]["SequenceNumber"].zfill(40)
    return Change(key, op, int(image["_version"]["N"]), tie, state(image))


def standing(changes: Iterable[Change]) -> dict[str, tuple[int, tuple[Any, ...]]]:
    """What stands after these changes: key -> version and state, of a row or of a tombstone."""
    model = merged([changes])
    found = model.tombstones | model.upserts
    return {key: (one.version, DELETED if one.op == "delete" else one.row) for key, one in found.items()}
