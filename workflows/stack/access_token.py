"""Gets a bearer token by the client-credentials grant of the stack's user pool."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from workflows.stack.target import Target


def fetch_token(target: Target, scope: str) -> str:
    """An access token with these scopes (blank-separated). Raises HTTPStatusError if it is refused."""
    client = target.client("cognito-idp").describe_user_pool_client(
        UserPoolId=target.output("UserPoolId"), ClientId=target.output("UserPoolClientId")
    )["UserPoolClient"]
    response = httpx.post(
        target.output("TokenUrl"),
        data={"grant_type": "client_credentials", "scope": scope},
        auth=(client["ClientId"], client["ClientSecret"]),
    )
    response.raise_for_status()
    return str(response.json()["access_token"])
