"""Clients of the embedded AWS reach it, whatever the environment of the user."""

import http.server
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from workflows.local.base.environment import local_environment, without_proxies

NOWHERE = "http://127.0.0.1:9"
HOSTILE = {
    "AWS_PROFILE": "nobody",
    "AWS_SESSION_TOKEN": "stale",
    "AWS_ENDPOINT_URL": NOWHERE,
    "AWS_ENDPOINT_URL_S3": NOWHERE,
    "AWS_ENDPOINT_URL_GLUE": NOWHERE,
    "AWS_USE_FIPS_ENDPOINT": "true",
    "AWS_USE_DUALSTACK_ENDPOINT": "true",
    "AWS_CA_BUNDLE": "/nowhere/ca",
    "AWS_DEFAULT_REGION": "nowhere-1",
    "AWS_RETRY_MODE": "nonsense",
    "HTTP_PROXY": NOWHERE,
    "http_proxy": NOWHERE,
    "HTTPS_PROXY": NOWHERE,
    "ALL_PROXY": NOWHERE,
}
PROGRAM = """
import sys
from workflows.local.base.environment import act_locally
act_locally()
from workflows.local.lifecycle.clients import client
from workflows.query.catalog import lake_catalog
from workflows.stack.target import Target
for made in (client("s3", sys.argv[1]), Target("us-east-1", {}, sys.argv[1]).client("s3")):
    print(made.list_buckets()["Buckets"])
print(lake_catalog(Target("us-east-1", {}, sys.argv[1])).list_namespaces())
"""


class Answers(http.server.BaseHTTPRequestHandler):
    """Answers every request with an empty list."""

    def do_GET(self) -> None:
        self.answer(b"<ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(b'{"DatabaseList": []}')

    def answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def endpoint() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_no_setting_of_the_user_reaches_a_client_of_the_local_stack(endpoint: str, tmp_path: Path) -> None:
    (tmp_path / ".aws").mkdir()
    # A client that reads the file fails.
    (tmp_path / ".aws" / "config").write_text("[default]\nendpoint_url = http://127.0.0.1:9\n[broken")
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **HOSTILE}

    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, endpoint],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ran.returncode, ran.stdout) == (0, "[]\n[]\n[]\n"), ran.stderr


def test_other_hosts_are_still_reached_through_the_proxy() -> None:
    given = {
        "HTTPS_PROXY": "http://proxy:3128",
        "NO_PROXY": "intra.example",
        "no_proxy": "other.example, ::1",
    }

    kept = local_environment(given)

    assert kept["HTTPS_PROXY"] == "http://proxy:3128"
    assert kept["NO_PROXY"] == kept["no_proxy"] == "other.example,::1,intra.example,127.0.0.1,localhost"


def test_a_process_with_no_other_host_to_reach_has_no_proxy() -> None:
    assert without_proxies({"HTTP_PROXY": "x", "https_proxy": "x", "All_Proxy": "x", "PATH": "p"}) == {
        "PATH": "p"
    }
