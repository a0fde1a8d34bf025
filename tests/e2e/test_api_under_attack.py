"""The served API against requests generated from its description, and against forged tokens."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from expectations.odcs import load_contracts
from tests.e2e.http import http
from tests.lambdas.authorizer.identity import hmac_token
from workflows.stack.access_token import fetch_token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import httpx

    from workflows.stack.target import Target

CONFIG = str(Path(__file__).with_name("schemathesis.toml"))
HOOKS = {"SCHEMATHESIS_HOOKS": str(Path(__file__).with_name("schemathesis_hooks.py"))}
SCHEMATHESIS = str(Path(sys.executable).with_name("st"))
SCOPES = "glueline/read glueline/write glueline/delete"


@pytest.fixture(scope="module", autouse=True)
def left_as_it_was(target: Target) -> Iterator[None]:
    """Remove the meaningless rows that the attack wrote, which would disturb other tests."""
    before = stored_keys(target)
    yield
    dynamodb = target.client("dynamodb")
    for table, key in stored_keys(target) - before:
        dynamodb.delete_item(TableName=table, Key={"_key": {"S": key}})


def stored_keys(target: Target) -> set[tuple[str, str]]:
    """Table and key of every item of every dataset."""
    pages = target.client("dynamodb").get_paginator("scan").paginate
    tables = [target.output("TablePrefix") + dataset for dataset in load_contracts()]
    return {
        (table, item["_key"]["S"])
        for table in tables
        for page in pages(
            TableName=table, ProjectionExpression="#key", ExpressionAttributeNames={"#key": "_key"}
        )
        for item in page["Items"]
    }


def attack(target: Target, folder: Path, *options: str) -> str:
    """Run schemathesis with all its checks on the served description; what it found, empty if nothing.

    The folder is for what it writes down by itself.
    """
    url = target.output("DataApiUrl")
    token = fetch_token(target, SCOPES)
    command = (
        *(SCHEMATHESIS, "--config-file", CONFIG, "run", f"{url}/openapi.json", "--url", url),
        *("--header", f"Authorization: Bearer {token}", "--checks", "all", "--continue-on-failure"),
        *("--generation-database", "none", "--workers", "2", "--no-color", *options),
        *("--request-timeout", "60"),  # its own ten seconds are few for 100 changes on a busy machine
    )
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=folder, env=os.environ | HOOKS
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_no_request_made_from_its_description_breaks_the_api_or_its_description(
    target: Target, tmp_path: Path
) -> None:
    found = attack(target, tmp_path, "--phases", "coverage,fuzzing", "--max-examples", "5", "--seed", "1")

    assert not found, found


@pytest.mark.deep
def test_no_sequence_of_requests_breaks_the_api_or_its_description(target: Target, tmp_path: Path) -> None:
    found = attack(
        target, tmp_path, "--phases", "examples,coverage,fuzzing,stateful", "--max-examples", "200"
    )

    assert not found, found


@pytest.fixture(scope="module")
def genuine(target: Target) -> str:
    return fetch_token(target, "glueline/read")


def published_key(target: Target, genuine: str) -> jwt.PyJWK:
    """The public key that the stack's user pool publishes for the token."""
    keys = http.get(f"{target.endpoint_url}/{target.output('UserPoolId')}/.well-known/jwks.json").json()
    key_id = jwt.get_unverified_header(genuine)["kid"]
    return next(key for key in jwt.PyJWKSet.from_dict(keys).keys if key.key_id == key_id)


def forged(genuine: str, **changed: object) -> str:
    """The claims of the genuine token, some changed, signed with the test's own key under the same key id."""
    own = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    claims = jwt.decode(genuine, options={"verify_signature": False}) | changed
    return jwt.encode(claims, own, "RS256", headers={"kid": jwt.get_unverified_header(genuine)["kid"]})


def unsigned(genuine: str) -> str:
    claims = jwt.decode(genuine, options={"verify_signature": False})
    return jwt.encode(claims, "", "none", headers={"kid": jwt.get_unverified_header(genuine)["kid"]})


ATTACKS: dict[str, Callable[[str], str]] = {
    "forged": forged,
    "forged, another issuer": lambda genuine: forged(genuine, iss="https://issuer.example"),
    "forged, for another client": lambda genuine: forged(genuine, client_id="somebody-else"),
    "forged, for ever": lambda genuine: forged(genuine, exp=int(time.time()) + 10**9),
    "unsigned": unsigned,
    "signature cut off": lambda genuine: genuine[:-20],
    "signature taken from another": lambda genuine: ".".join(
        [*forged(genuine, scope=SCOPES).split(".")[:2], genuine.split(".")[2]]
    ),
    "malformed": lambda _: "eyJhbGciOiJSUzI1NiJ9.e30",
}


@pytest.mark.parametrize("name", ATTACKS)
def test_a_forged_token_is_denied_without_a_reason(target: Target, genuine: str, name: str) -> None:
    answer = ask(target, "GET", "/products", ATTACKS[name](genuine))

    assert (answer.status_code, json.loads(answer.text)) == (403, {"message": "Forbidden"})


def test_a_token_signed_by_hmac_with_the_published_key_is_denied(target: Target, genuine: str) -> None:
    claims = jwt.decode(genuine, options={"verify_signature": False})
    key = published_key(target, genuine)

    answer = ask(target, "GET", "/products", hmac_token(key.key, claims, kid=key.key_id))

    assert (answer.status_code, json.loads(answer.text)) == (403, {"message": "Forbidden"})


def test_without_a_token_only_the_description_is_served(target: Target) -> None:
    url = target.output("DataApiUrl")

    statuses = {path: http.get(url + path).status_code for path in ("/openapi.json", "/products", "/nothing")}

    assert statuses == {"/openapi.json": 200, "/products": 401, "/nothing": 401}


def test_a_genuine_token_has_the_permissions_of_its_scope(target: Target, genuine: str) -> None:
    read, deleted = (ask(target, method, "/products/1", genuine) for method in ("GET", "DELETE"))

    assert read.status_code in (200, 404)
    assert (deleted.status_code, deleted.json()["type"]) == (403, "urn:glueline:problem:forbidden")


def ask(target: Target, method: str, path: str, token: str) -> httpx.Response:
    """One request with a bearer token."""
    headers = {"authorization": f"Bearer {token}"}
    return http.request(method, target.output("DataApiUrl") + path, headers=headers)
