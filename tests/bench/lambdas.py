"""Lambda bench: cold starts, requests for each batch, records per second, sizes of packages.

A cold start is what a fresh interpreter takes from nothing to the first answer, with the package alone and
without compiled bytecode, as in Lambda, whose code is read-only. All services answer at once, on this host.
"""

import copy
import gzip
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from expectations.contract import load_compiled
from lambdas.exact_json import dumps
from lambdas.forwarder.objects import raw_objects
from lambdas.source.events import ValidMessage
from lambdas.source.messages import Reader
from lambdas.validation import Validators
from tests.bench.report import Report, Row, expect, middle, seconds
from tests.builders import real_rows, transaction
from tests.lambdas.authorizer.identity import CLIENT as CALLER
from tests.lambdas.authorizer.identity import IdentityProvider
from tests.lambdas.loopback import Answer, Loopback, Request, serve
from tests.lambdas.packages import ENVIRONMENT, FUNCTIONS, build
from tests.lambdas.source.stack import CLIENT, SECRET, Stack

EVENTS: Final = Path(__file__).parents[1] / "events"
ROUNDS, RUNS = 7, 5
MESSAGES, RECORDS = 500, 1000  # of a batch, as the template's event source mappings have it
TRANSACTION = 100  # changes that one TransactWriteItems takes
GOAL_COLD_START, GOAL_PER_SECOND = 1.5, 20_000

_CLIENT_ALONE: Final = """
import time
started = time.perf_counter()
import sys
sys.path.insert(0, sys.argv[1])
import boto3
boto3.client("sqs")
print(time.perf_counter() - started)
"""
_FIRST_INVOCATION: Final = """
import time
started = time.perf_counter()
import sys
sys.path.insert(0, sys.argv[1])
import importlib, json
from types import SimpleNamespace
handler = importlib.import_module(f"lambdas.{sys.argv[2]}.app").handler
ready = time.perf_counter()
answer = handler(json.load(sys.stdin), SimpleNamespace(aws_request_id="bench"))
answered = time.perf_counter()
print(json.dumps([ready - started, answered - ready, answer]))
"""


def run() -> Report:
    """Build the packages and measure them."""
    report = Report(
        "lambdas",
        [
            "cold start: import and first invocation in a fresh process, no bytecode; medians of "
            f"{ROUNDS} rounds in turn; ratio to `import boto3` and one client in the same way",
            f"goals: a cold start at most {GOAL_COLD_START} times; at least {GOAL_PER_SECOND} a second",
        ],
    )
    with tempfile.TemporaryDirectory() as folder, serve() as server:
        packages = Path(folder)
        build(packages)
        report.add("package_sizes", sizes(packages))
        aws = Aws(server, packages)
        report.add("cold_start", cold_starts(aws))
        report.add("requests_for_a_batch", requests_for_a_batch(aws))
        report.add("per_second_on_one_core", per_second(packages))
    return report


def sizes(packages: Path) -> list[Row]:
    """Sizes of each package, unpacked and zipped."""
    rows: list[Row] = []
    for target, function in FUNCTIONS.items():
        files = [path.read_bytes() for path in (packages / target).rglob("*") if path.is_file()]
        unpacked, packed = sum(map(len, files)), sum(len(gzip.compress(file, 6)) for file in files)
        rows.append(
            {
                "function": function,
                "files": len(files),
                "unpacked_mb": round(unpacked / 1e6, 1),
                "packed_mb": round(packed / 1e6, 1),
            }
        )
    return rows


def cold_starts(aws: "Aws") -> list[Row]:
    """Medians of rounds that measure the client alone and all functions alternately."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in ("boto3", *FUNCTIONS.values())}
    for _ in range(ROUNDS):
        found["boto3"].append((aws.client_alone(), 0.0))
        for function in FUNCTIONS.values():
            started = aws.invoke(function, aws.first_event(function))
            found[function].append((started.ready, started.answered))
    totals = {name: middle(sum(parts) for parts in rounds) for name, rounds in found.items()}
    return [
        {
            "function": name,
            "import_ms": round(1000 * middle(ready for ready, _ in rounds)),
            "first_invocation_ms": round(1000 * middle(answered for _, answered in rounds)),
            "cold_start_ms": round(1000 * totals[name]),
            "ratio": round(totals[name] / totals["boto3"], 2),
        }
        for name, rounds in found.items()
    ]


def requests_for_a_batch(aws: "Aws") -> list[Row]:
    """Requests of a full batch to other services; WrongResult if there are too many."""
    source = aws.invoke("source", {"Records": messages(MESSAGES)})
    expect("messages of the batch that go back", {"batchItemFailures": []}, source.answer)
    expect("Data API calls for a batch of messages", 1, source.requests["/api/batch"])
    changes = aws.invoke("data_api", batch_event(MESSAGES))
    results = [result["status"] for result in json.loads(changes.answer["body"])["results"]]
    expect("changes of the batch", ["accepted"] * MESSAGES, results)
    expect("DynamoDB requests for a batch", {"TransactWriteItems": MESSAGES // TRANSACTION}, changes.requests)
    records = aws.invoke("forwarder", {"Records": stream_records(RECORDS)})
    expect("objects for a batch of records", [1], list(records.requests.values()))
    return [
        {"function": "source", "batch": MESSAGES, "requests": 1, "of": "Data API"},
        {
            "function": "data_api",
            "batch": MESSAGES,
            "requests": changes.requests["TransactWriteItems"],
            "of": f"TransactWriteItems of {TRANSACTION}",
        },
        {"function": "forwarder", "batch": RECORDS, "requests": 1, "of": "PutObject"},
    ]


def per_second(packages: Path) -> list[Row]:
    """The code paths alone, over real basket lines: queue message -> change, stream batch -> object."""
    contracts = load_compiled(packages / "Source" / "contracts.json")
    reader = Reader(contracts, Validators(contracts))
    queued = messages(20_000)
    batches = [stream_records(RECORDS, start) for start in range(0, 20_000, RECORDS)]

    def read() -> None:
        changes = [
            found for message in queued for found in reader.read(message["messageId"], message["body"])
        ]
        expect(
            "messages that keep their contract",
            len(queued),
            sum(isinstance(c, ValidMessage) for c in changes),
        )

    def forward() -> None:
        objects = [raw for batch in batches for raw in raw_objects(batch, "glueline-")]
        expect("records in objects", 20_000, sum(len(raw.records) for raw in objects))
        lines = gzip.decompress(objects[0].body).decode().splitlines()
        expect("the first object's records", batches[0], [json.loads(line) for line in lines])

    rows: list[Row] = []
    for what, work in (("messages validated", read), ("records forwarded", forward)):
        work()
        rows.append({"what": what, "per_second": round(20_000 / middle(seconds(work) for _ in range(RUNS)))})
    return rows


@dataclass(frozen=True, slots=True)
class Started:
    """One new process: seconds until its handler was loaded, and until it had answered."""

    ready: float
    answered: float
    answer: Any
    requests: Counter[str]


class Aws:
    """All services that the functions call, on one server that answers at once."""

    def __init__(self, server: Loopback, packages: Path) -> None:
        self._server = server
        self._packages = packages
        self._identity = IdentityProvider(server)
        Stack(server)  # token endpoint and Data API
        server.routes["/"] = _cognito_or_dynamodb
        issuer = self._identity.issuer
        self._environment = {
            **ENVIRONMENT,
            "AWS_ENDPOINT_URL": server.url,
            "CLIENT_ID": CLIENT,
            "DATA_API_URL": f"{server.url}/api",
            "TOKEN_URL": f"{server.url}/oauth2/token",
            "ISSUERS": json.dumps(
                [{"issuer": issuer.issuer, "jwks_uri": issuer.jwks_uri, "audience": [CALLER]}]
            ),
            "PERMISSIONS": json.dumps({"glueline/read": ["*:read"]}),
            "POWERTOOLS_SERVICE_NAME": "bench",
            "POWERTOOLS_METRICS_NAMESPACE": "Glueline",
            "PATH": os.environ["PATH"],
        }

    def client_alone(self) -> float:
        """Seconds of a fresh process for `import boto3` and one client."""
        return float(self._python(_CLIENT_ALONE, str(self._packages / "Source")))

    def invoke(self, function: str, event: Any) -> Started:
        """The function's first invocation in a fresh process."""
        target = next(target for target, name in FUNCTIONS.items() if name == function)
        if function == "forwarder":
            for raw in raw_objects(event["Records"], ENVIRONMENT["TABLE_PREFIX"]):
                self._server.routes[f"/raw/{raw.key}"] = _ok
        self._server.requests.clear()
        said = self._python(
            _FIRST_INVOCATION, str(self._packages / target), function, event=json.dumps(event)
        )
        ready, answered, answer = json.loads(said.splitlines()[-1])
        return Started(ready, answered, answer, Counter(map(_asked, self._server.requests)))

    def first_event(self, function: str) -> Any:
        """The smallest useful event."""
        match function:
            case "source":
                return {"Records": messages(1)}
            case "data_api":
                return batch_event(1)
            case "authorizer":
                event = json.loads((EVENTS / "http_api_authorizer.json").read_text())
                event["headers"]["authorization"] = f"Bearer {self._identity.token()}"
                return event
        return {"Records": stream_records(1)}

    def _python(self, script: str, *arguments: str, event: str = "") -> str:
        ended = subprocess.run(
            [sys.executable, "-I", "-S", "-B", "-c", script, *arguments],
            env=self._environment,
            input=event,
            capture_output=True,
            text=True,
            check=True,
        )
        return ended.stdout


def messages(number: int) -> list[dict[str, Any]]:
    """Real basket lines as the queue delivers them."""
    lines = zip(range(number), real_rows("transactions", every=50), strict=False)
    return [
        {
            "messageId": f"message-{place}",
            "body": dumps(
                {
                    "specversion": "1.0",
                    "id": f"event-{place}",
                    "source": "till.example",
                    "type": "transactions.upsert",
                    "data": line,
                }
            ),
        }
        for place, line in lines
    ]


def batch_event(number: int) -> Any:
    """A request of the Data API with this many changes of different keys."""
    event = json.loads((EVENTS / "http_api.json").read_text())
    change = {"dataset": "transactions", "op": "upsert", "event_id": "event"}
    changes = [change | {"data": transaction(product_id=place + 1)} for place in range(number)]
    event |= {"rawPath": "/batch", "body": dumps({"changes": changes})}
    event["requestContext"]["http"] |= {"method": "POST", "path": "/batch"}
    return event


def stream_records(number: int, start: int = 0) -> Sequence[dict[str, Any]]:
    """Records of a table's stream, with different keys and ascending sequence numbers."""
    sample = json.loads((EVENTS / "dynamodb_stream.json").read_text())["Records"][0]
    records = []
    for place in range(start, start + number):
        record = copy.deepcopy(sample)
        image = record["dynamodb"]["NewImage"]
        image["product_id"], image["_key"] = {"N": str(place)}, {"S": f"31198570044,{place}"}
        record["dynamodb"] |= {"Keys": {"_key": image["_key"]}, "SequenceNumber": str(10**20 + place)}
        records.append(record)
    return records


def _cognito_or_dynamodb(request: Request) -> Answer:
    if _asked(request) == "DescribeUserPoolClient":
        return Answer(200, json.dumps({"UserPoolClient": {"ClientSecret": SECRET}}).encode())
    return Answer(200, b"{}")


def _ok(_: Request) -> Answer:
    return Answer(200)


def _asked(request: Request) -> str:
    """The operation of AWS's JSON protocols, else the path."""
    return request.headers.get("x-amz-target", request.path).rpartition(".")[2] or request.path
