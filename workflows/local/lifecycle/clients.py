"""Clients of the embedded AWS. boto3 is imported only when the first is made: its import takes a second."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from botocore.config import Config

REGION: Final = "us-east-1"


def client(service: str, endpoint: str, config: Config | None = None) -> Any:
    """A client of the embedded AWS. Any: boto3 makes its classes at run time."""
    import boto3

    return boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        config=config,
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 - the embedded AWS accepts any
    )
