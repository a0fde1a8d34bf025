"""The proxy itself: which calls it forwards, which ones it fails, and which process it kills."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
import urllib3

from tests.faults.proxy import FAILURES, KILLS, Call, Fault, Proxy, operation_of, proxied
from tests.lambdas.loopback import Answer, Loopback, serve

REQUEST = "import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=9)"
FIRST = Call("GET /thing", 1)


@pytest.fixture
def upstream() -> Iterator[Loopback]:
    with serve() as server:
        server.routes["/thing"] = lambda _: Answer(200, b"done", {"X-Kind": "thing"})
        yield server


@pytest.fixture
def proxy(upstream: Loopback) -> Iterator[Proxy]:
    with proxied(upstream.url) as proxy:
        yield proxy


def request(proxy: Proxy) -> urllib3.BaseHTTPResponse:
    return urllib3.request("GET", f"{proxy.url}/thing", retries=False)


def test_without_a_plan_calls_are_forwarded(proxy: Proxy) -> None:
    answer = request(proxy)

    assert (answer.status, answer.data, answer.headers["x-kind"]) == (200, b"done", "thing")


def test_the_calls_of_a_recording_are_those_made_inside(proxy: Proxy) -> None:
    request(proxy)
    with proxy.recording() as made:
        request(proxy)
    request(proxy)

    assert made == [FIRST]


@pytest.mark.parametrize("fault", FAILURES, ids=str)
def test_a_fault_meets_the_call_of_that_number_and_later_ones_if_it_lasts(
    proxy: Proxy, upstream: Loopback, fault: Fault
) -> None:
    with proxy.failing(Call("GET /thing", 2), fault):
        answers = [outcome(proxy) for _ in range(3)]

    expected = {"error": 429 if fault.status == 400 else fault.status, "late": 200}.get(
        fault.kind, "no answer"
    )
    assert answers == [200, expected, expected if fault.is_lasting else 200]
    assert proxy.hits == (2 if fault.is_lasting else 1)
    has_effect = fault.is_after or fault.kind == "late"
    assert len(upstream.requests) == 3 - (0 if has_effect else proxy.hits)


def outcome(proxy: Proxy) -> int | str:
    try:
        return request(proxy).status
    except urllib3.exceptions.ProtocolError:
        return "no answer"


@pytest.mark.parametrize("fault", KILLS, ids=str)
def test_a_caller_is_killed_before_or_after_the_effect(
    proxy: Proxy, upstream: Loopback, fault: Fault
) -> None:
    with proxy.failing(FIRST, fault):
        caller = subprocess.run(
            [sys.executable, "-c", REQUEST, f"{proxy.url}/thing"], timeout=30, check=False
        )

    assert (caller.returncode, len(upstream.requests)) == (-9, int(fault.is_after))


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "operation"),
    [
        ("POST", "/", {"x-amz-target": "DynamoDB_20120810.PutItem"}, b"", "dynamodb.PutItem"),
        ("POST", "/", {"x-amz-target": "AmazonSQS.SendMessage"}, b"", "amazonsqs.SendMessage"),
        ("POST", "/", {"x-amz-target": "AWSGlue.UpdateTable"}, b"", "awsglue.UpdateTable"),
        ("POST", "/", "sns", b"Action=Publish&Message=a", "sns.Publish"),
        ("PUT", "/raw/stream/a.gz", "s3", b"", "s3.PutObject"),
        ("GET", "/raw/a?versionId=1", "s3", b"", "s3.GetObject"),
        ("GET", "/raw?list-type=2&prefix=a%2Fb", "s3", b"", "s3.ListObjects"),
        ("POST", "/raw?delete", "s3", b"", "s3.DeleteObjects"),
        ("POST", "/api/batch", {"authorization": "Bearer token"}, b"", "POST /api/batch"),
    ],
)
def test_an_operation_is_named_as_its_protocol_says(
    method: str, path: str, headers: dict[str, str] | str, body: bytes, operation: str
) -> None:
    if isinstance(headers, str):
        scope = f"test/20261124/us-east-1/{headers}/aws4_request"
        headers = {"authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host"}

    assert operation_of(method, path, headers, body) == operation
