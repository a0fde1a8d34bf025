"""Requests of web pages are refused, by the layer and by the embedded AWS as it is served."""

import asyncio
import http.client
import json
import socket
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.local.ministack.web_pages import read_allowed, refusal, refusing_web_pages
from workflows.stack.target import Target

OURS = "127.0.0.1:4566"
PAGES = (
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"origin": "http://localhost:3000"},
    {"origin": f"http://{OURS}"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "same-origin"},
    {"referer": "https://evil.example/page"},
    {"referer": "http://["},
    {"host": "evil.example"},
    {"host": "evil.example:4566"},
    {"host": "127.0.0.1.evil.example:4566"},
    {"host": "localhost.evil.example"},
    {"host": "notlocalhost"},
    {"host": "169.254.1.1:4566"},
    {"host": ""},
)
PROGRAMS: tuple[dict[str, str], ...] = (
    {},
    {"host": "localhost:4566"},
    {"host": "LOCALHOST"},
    {"host": "127.0.0.1:14566"},
    {"host": "[::1]:4566"},
    {"host": "my.bucket.s3.localhost:4566"},
    {"host": "0a1b2c3d.execute-api.127.0.0.1:4566"},
    {"sec-fetch-site": "none"},
    {"referer": "https://audit.example.org/hadoop/1/op_create/", "authorization": "AWS4-HMAC-SHA256 Cr"},
)


def headers(changed: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in ({"host": OURS} | changed).items()]


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_a_page_is_refused_with_the_reason(page: dict[str, str]) -> None:
    assert str(refusal(headers(page), ())).startswith("Expected ")


@pytest.mark.parametrize("program", PROGRAMS, ids=str)
def test_a_program_is_not_refused(program: dict[str, str]) -> None:
    assert refusal(headers(program), ()) is None


@given(st.text(min_size=1).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_only_names_of_the_loopback_are_accepted(host: bytes) -> None:
    ends = (b"localhost", b"127.0.0.1", b"[::1]")
    name = host.lower().rpartition(b":")[0] if host.rpartition(b":")[2].isdigit() else host.lower()

    if refusal([(b"Host", host)], ()) is None:
        assert name.endswith(ends)


def test_the_second_of_two_headers_counts_too() -> None:
    assert refusal([*headers({}), (b"Host", b"evil.example")], ())
    assert refusal(
        [*headers({"origin": "http://localhost:3000"}), (b"Origin", b"x")], ("http://localhost:3000",)
    )


def test_an_origin_that_the_user_allows_is_accepted() -> None:
    page = headers({"origin": "http://localhost:3000", "sec-fetch-site": "same-site"})

    assert refusal(page, read_allowed("http://localhost:3000/, http://other")) is None
    assert refusal(page, ("http://localhost:3001",))


def test_a_web_socket_of_a_page_is_closed_before_it_opens() -> None:
    sent: list[dict[str, Any]] = []

    async def beneath(*_: Any) -> None:
        raise AssertionError("reached")

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "websocket", "headers": headers({"origin": "https://evil.example"})}
    asyncio.run(refusing_web_pages(beneath, ())(scope, beneath, send))  # type: ignore[arg-type]

    assert sent == [{"type": "websocket.close", "code": 1008}]


# --- as it is served ----------------------------------------------------------------------------------------


def ask(endpoint: str, method: str, path: str, **more: Any) -> tuple[int, set[str], bytes]:
    """Status, names of headers, body."""
    with closing(http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=30)) as connection:
        connection.request(method, path, **more)
        answer = connection.getresponse()
        return answer.status, {name.lower() for name, _ in answer.getheaders()}, answer.read()


@pytest.mark.parametrize("page", [page for page in PAGES if page.get("host") != ""], ids=str)
def test_nothing_is_read_or_written_by_a_page(
    small_stack: Target, embedded_aws: str, page: dict[str, str]
) -> None:
    bucket = small_stack.output("RawBucket")
    preflight = {"access-control-request-method": "PUT", "access-control-request-headers": "x-amz-target"}

    for method in ("OPTIONS", "GET", "POST", "PUT"):
        status, names, body = ask(embedded_aws, method, f"/{bucket}/page", headers=page | preflight)

        assert status == 403, method
        assert body.startswith(b"Expected ")
        assert not [name for name in names if name.startswith("access-control")]
    listed = small_stack.client("s3").list_objects_v2(Bucket=bucket, Prefix="page")
    assert listed["KeyCount"] == 0


def test_neither_the_local_glue_nor_the_status_answers_a_page(embedded_aws: str) -> None:
    page = {"origin": "https://evil.example"}
    glue = {"x-amz-target": "AWSGlue.ListWorkflows", "content-type": "application/x-amz-json-1.1"}

    assert ask(embedded_aws, "POST", "/", headers=page | glue, body=b"{}")[0] == 403
    assert ask(embedded_aws, "GET", "/_glueline/status", headers=page)[0] == 403
    assert ask(embedded_aws, "GET", "/_ministack/health", headers=page)[0] == 403


def test_a_program_is_answered_by_every_name_of_this_machine(embedded_aws: str) -> None:
    port = urlsplit(embedded_aws).port
    for host in ("127.0.0.1", "localhost", "[::1]"):
        _, _, body = ask(embedded_aws, "GET", "/_glueline/status", headers={"host": f"{host}:{port}"})
        assert json.loads(body)["spark"]


def test_it_listens_on_the_loopback_only(embedded_aws: str) -> None:
    port = urlsplit(embedded_aws).port
    outside = [
        info[4][0]
        for info in socket.getaddrinfo(socket.gethostname(), port, socket.AF_INET)
        if not str(info[4][0]).startswith("127.")
    ]
    for address in outside:
        with socket.socket() as client, pytest.raises(OSError, match="refused"):
            client.settimeout(5)
            client.connect((address, port))
