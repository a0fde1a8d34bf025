"""The S3 client of a Spark worker's process."""

from typing import Any

from jobs.runtime.s3 import CONNECTIONS, s3_client


def test_a_process_has_one_client_that_retries_and_has_a_connection_for_each_request(aws: str) -> None:
    s3_client.cache_clear()

    client = s3_client()

    assert s3_client() is client
    assert client.meta.endpoint_url == aws
    config: Any = client.meta.config
    assert config.retries == {"mode": "standard", "total_max_attempts": 7}
    assert config.max_pool_connections == CONNECTIONS
