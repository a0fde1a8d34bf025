import base64
import hashlib
import hmac
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization

from lambdas.authorizer.jwks import KeySet
from lambdas.authorizer.tokens import ALGORITHMS, TokenRefused, granted, subject, verify
from tests.lambdas.authorizer.identity import CLIENT, KEY_FOR, OTHER_RSA_KEY, RSA_KEY, IdentityProvider
from tests.lambdas.loopback import Loopback


@pytest.fixture
def provider(loopback: Loopback) -> IdentityProvider:
    return IdentityProvider(loopback)


def verified(token: str, *providers: IdentityProvider) -> dict[str, Any]:
    issuers = {provider.name: provider.issuer for provider in providers}
    return verify(token, issuers, {name: KeySet(issuer.jwks_uri) for name, issuer in issuers.items()})


class Seconds(int):
    """A time told from the moment of the test: when the cases are collected, it would be too early."""


def at_this_moment(claims: dict[str, Any]) -> dict[str, Any]:
    now = int(time.time())
    return {name: now + value if isinstance(value, Seconds) else value for name, value in claims.items()}


def reason_for(token: str, *providers: IdentityProvider) -> str:
    with pytest.raises(TokenRefused) as refused:
        verified(token, *providers)
    return refused.value.reason


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
def test_a_token_signed_with_any_asymmetric_algorithm_is_believed(
    provider: IdentityProvider, algorithm: str
) -> None:
    provider.publish("key-2", KEY_FOR[algorithm], algorithm)

    claims = verified(provider.token(key=KEY_FOR[algorithm], key_id="key-2", algorithm=algorithm), provider)

    assert claims["sub"] == CLIENT


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"exp": Seconds(-60)}, "expired"),
        ({"exp": None}, "invalid"),
        ({"exp": "tomorrow"}, "invalid"),
        ({"nbf": Seconds(+60)}, "not-yet-valid"),
        ({"iat": Seconds(+60)}, "not-yet-valid"),
        ({"client_id": "somebody-else"}, "wrong-audience"),
        ({"client_id": None}, "wrong-audience"),
        ({"aud": "somebody-else"}, "wrong-audience"),  # although client_id is ours
        ({"aud": []}, "wrong-audience"),
        ({"aud": {"a": CLIENT}}, "wrong-audience"),
        ({"iss": "https://issuer.example"}, "unknown-issuer"),
        ({"iss": None}, "unknown-issuer"),
    ],
)
def test_a_token_with_a_wrong_claim_is_refused(
    provider: IdentityProvider, changed: dict[str, Any], reason: str
) -> None:
    assert reason_for(provider.token(**at_this_moment(changed)), provider) == reason


@pytest.mark.parametrize(
    "changed",
    [
        {"exp": Seconds(-10)},  # within the leeway for clocks that differ
        {"nbf": Seconds(+10)},
        {"client_id": None, "aud": CLIENT},
        {"client_id": None, "aud": ["https://other.example", CLIENT]},
    ],
)
def test_a_token_that_is_just_valid_is_believed(provider: IdentityProvider, changed: dict[str, Any]) -> None:
    assert verified(provider.token(**at_this_moment(changed)), provider)["iss"] == provider.name


def test_a_token_signed_with_another_key_under_a_known_key_id_is_refused(provider: IdentityProvider) -> None:
    assert reason_for(provider.token(key=OTHER_RSA_KEY), provider) == "bad-signature"


def test_a_token_whose_claims_were_changed_after_signing_is_refused(provider: IdentityProvider) -> None:
    header, _, signature = provider.token().split(".")
    forged = base64.urlsafe_b64encode(json.dumps(provider.claims(scope="glueline/delete")).encode())

    assert (
        reason_for(".".join((header, forged.rstrip(b"=").decode(), signature)), provider) == "bad-signature"
    )


def test_an_unsigned_token_is_refused(provider: IdentityProvider) -> None:
    unsigned = jwt.encode(provider.claims(), "", "none", headers={"kid": "key-1"})

    assert reason_for(unsigned, provider) == "algorithm-not-allowed"


def test_a_token_signed_by_hmac_with_the_public_key_is_refused(provider: IdentityProvider) -> None:
    public = RSA_KEY.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    parts = ({"alg": "HS256", "typ": "JWT", "kid": "key-1"}, provider.claims())
    signed = b".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts)
    signature = base64.urlsafe_b64encode(hmac.digest(public, signed, hashlib.sha256)).rstrip(b"=")

    assert reason_for(f"{signed.decode()}.{signature.decode()}", provider) == "algorithm-not-allowed"


def test_a_key_is_used_with_its_own_algorithm_only(provider: IdentityProvider) -> None:
    assert reason_for(provider.token(algorithm="RS512"), provider) == "algorithm-not-allowed"


def test_a_key_without_an_algorithm_serves_those_of_its_type(provider: IdentityProvider) -> None:
    provider.keys = [{name: value for name, value in provider.keys[0].items() if name != "alg"}]

    assert verified(provider.token(algorithm="RS512"), provider)
    assert reason_for(provider.token(algorithm="ES256", key=KEY_FOR["ES256"]), provider) == "invalid"


@pytest.mark.parametrize("token", ["", "x", "a.b", "a.b.c", "....", "ä.ö.ü", "e30.e30.e30", "[" * 9000])
def test_what_is_no_token_is_refused(provider: IdentityProvider, token: str) -> None:
    assert reason_for(token, provider) in ("malformed", "algorithm-not-allowed")


def test_an_unknown_key_id_is_refused(provider: IdentityProvider) -> None:
    assert reason_for(provider.token(key_id="key-9"), provider) == "unknown-key"
    assert reason_for(jwt.encode(provider.claims(), RSA_KEY, "RS256"), provider) == "unknown-key"


def test_an_issuer_cannot_speak_for_another(loopback: Loopback, provider: IdentityProvider) -> None:
    entra = IdentityProvider(loopback, "https://login.microsoftonline.com/t/v2.0", "/entra.json", keys=[{}])
    entra.keys.clear()
    entra.publish("key-2", OTHER_RSA_KEY, "RS256")

    believed = verified(entra.token(key=OTHER_RSA_KEY, key_id="key-2"), provider, entra)

    assert believed["iss"] == entra.name
    assert reason_for(provider.token(key=OTHER_RSA_KEY, key_id="key-2"), provider, entra) == "unknown-key"


PERMISSIONS = {
    "glueline/read": frozenset({"*:read"}),
    "glueline/write": frozenset({"*:read", "*:write"}),
    "pricing": frozenset({"products:write"}),
}


@pytest.mark.parametrize(
    ("claims", "permissions"),
    [
        ({}, []),
        ({"scope": "glueline/read openid"}, ["*:read"]),
        ({"scp": "glueline/read"}, ["*:read"]),
        ({"scp": ["glueline/read"]}, ["*:read"]),
        ({"cognito:groups": ["pricing"]}, ["products:write"]),
        ({"groups": ["pricing"], "roles": ["glueline/write"]}, ["*:read", "*:write", "products:write"]),
        ({"scope": 7, "groups": {"pricing": 1}, "roles": [None, ["pricing"]]}, []),
    ],
)
def test_scopes_groups_and_roles_decide_what_is_allowed(
    claims: dict[str, Any], permissions: list[str]
) -> None:
    assert granted(claims, PERMISSIONS) == permissions


def test_a_subject_is_the_users_else_the_clients() -> None:
    assert subject({"sub": "user", "client_id": "client"}) == "user"
    assert subject({"client_id": "client"}) == "client"
    assert subject({}) == ""
