import gzip
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from expectations.contract import dump_compiled
from lambdas.arrivals import raw_key_of
from lambdas.environment import ConfigurationError
from lambdas.forwarder import app
from tests.builders import contracts

BUCKET = "glueline-raw"


@pytest.fixture(autouse=True)
def _raw_bucket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("RAW_BUCKET", BUCKET)
    monkeypatch.setenv("TABLE_PREFIX", "glueline-")
    monkeypatch.setenv("CONTRACTS", str(tmp_path / "contracts.json"))
    (tmp_path / "contracts.json").write_text(dump_compiled(contracts()))
    app._settings.cache_clear()
    app._s3.cache_clear()
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        yield
    app._settings.cache_clear()
    app._s3.cache_clear()


def objects() -> list[str]:
    return [found["Key"] for found in boto3.client("s3").list_objects_v2(Bucket=BUCKET).get("Contents", [])]


def test_a_batch_lands_in_the_raw_bucket(event_named: Callable[[str], Any]) -> None:
    app.handler(event_named("dynamodb_stream"), None)

    feed, key = objects()
    body = boto3.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read()
    assert key.startswith("stream/transactions/2026/11/24/10/")
    assert len(gzip.decompress(body).splitlines()) == 3
    assert raw_key_of("transactions", feed.removeprefix("feed/transactions/")) == key


def test_a_batch_that_is_retried_leaves_one_object_and_two_arrivals(
    event_named: Callable[[str], Any],
) -> None:
    app.handler(event_named("dynamodb_stream"), None)
    app.handler(event_named("dynamodb_stream"), None)

    assert [key.partition("/")[0] for key in objects()] == ["feed", "feed", "stream"]


def test_a_batch_that_cannot_be_written_fails_as_a_whole(
    event_named: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAW_BUCKET", "missing")
    app._settings.cache_clear()

    with pytest.raises(ClientError, match="NoSuchBucket"):
        app.handler(event_named("dynamodb_stream"), None)


def test_all_missing_variables_are_named() -> None:
    with pytest.raises(ConfigurationError, match="RAW_BUCKET, TABLE_PREFIX"):
        app.Settings.from_env({})
