"""Events are kept and sent, and neither fails a batch."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import boto3
import pytest

from jobs.lineage import events_log
from jobs.lineage.events_log import LineageLog

EVENTS = [{"eventType": "START"}, {"eventType": "COMPLETE", "name": "Größe"}]


@pytest.fixture
def bucket(aws: str) -> Iterator[str]:
    boto3.client("s3").create_bucket(Bucket="lineage-lake")
    yield "lineage-lake"
    found = boto3.resource("s3").Bucket("lineage-lake")
    found.objects.delete()
    found.delete()


def log_to(bucket: str, url: str = "") -> LineageLog:
    return LineageLog(boto3.client("s3"), bucket, "glueline/shop", "us-east-1", "shop_lake", url)


def kept(bucket: str) -> dict[str, list[Any]]:
    return {
        found.key: [json.loads(line) for line in found.get()["Body"].read().splitlines()]
        for found in boto3.resource("s3").Bucket(bucket).objects.all()
    }


@contextmanager
def endpoint(status: int = 200) -> Iterator[tuple[str, list[Any]]]:
    """An HTTP server that answers with the status; its address, and what it got."""
    got: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/api/v1/lineage", got
    finally:
        server.shutdown()
        server.server_close()


def test_a_step_has_one_object_which_a_repetition_replaces(bucket: str) -> None:
    log = log_to(bucket)

    log.write("wr_1", "check", lambda: EVENTS[:1])
    log.write("wr_1", "check", lambda: EVENTS)
    log.write("wr_1", "merge", list)

    assert kept(bucket) == {"lineage/wr_1/check.jsonl": EVENTS}


def test_events_are_sent_to_the_endpoint_in_their_order(bucket: str) -> None:
    with endpoint() as (url, got):
        log_to(bucket, url).write("wr_1", "check", lambda: EVENTS)

    assert got == EVENTS


def test_an_endpoint_that_refuses_is_logged_and_asked_once(
    bucket: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with endpoint(500) as (url, got):
        log_to(bucket, url).write("wr_1", "check", lambda: EVENTS)

    assert len(got) == 1
    line = json.loads(capsys.readouterr().out)
    assert (line["message"], line["batch_id"]) == ("lineage: not sent", "wr_1")
    assert kept(bucket) == {"lineage/wr_1/check.jsonl": EVENTS}


def test_an_endpoint_that_does_not_answer_does_not_stop_a_batch(
    bucket: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(events_log, "TIMEOUT_SECONDS", 0.2)
    silent = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)  # it listens, and nobody accepts
    with silent:
        log_to(bucket, f"http://127.0.0.1:{silent.server_port}").write("wr_1", "check", lambda: EVENTS)

    assert "lineage: not sent" in capsys.readouterr().out


def test_a_bucket_that_refuses_is_logged_and_the_events_are_sent(
    aws: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with endpoint() as (url, got):
        log_to("no-such-bucket-of-lineage", url).write("wr_1", "check", lambda: EVENTS)

    assert "lineage: not kept" in capsys.readouterr().out
    assert got == EVENTS


def test_events_that_cannot_be_made_are_logged(bucket: str, capsys: pytest.CaptureFixture[str]) -> None:
    log_to(bucket).write("wr_1", "check", lambda: [EVENTS[9]])

    assert json.loads(capsys.readouterr().out)["error"].startswith("IndexError")
    assert kept(bucket) == {}
