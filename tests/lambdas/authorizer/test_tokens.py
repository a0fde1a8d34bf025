import time
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.authorizer.jwks import KeySet
from lambdas.authorizer.settings import Issuer
from lambdas.authorizer.tokens import ALGORITHMS, TokenDenied, granted, subject, verify
from tests.lambdas.authorizer.identity import (
    CLIENT,
    KEY_FOR,
    OTHER_RSA_KEY,
    RSA_KEY,
    IdentityProvider,
    hmac_token,
    segment,
)
from tests.lambdas.loopback import Loopback


@pytest.fixture
def provider(loopback: Loopback) -> IdentityProvider:
    return IdentityProvider(loopback)


def verified(token: str, *providers: IdentityProvider) -> dict[str, Any]:
    issuers = {provider.name: provider.issuer for provider in providers}
    return verify(token, issuers, {name: KeySet(issuer) for name, issuer in issuers.items()})


class FromNow(int):
    """Seconds from the time of the test, which is later than the time at which cases are collected."""


def with_times(claims: dict[str, Any]) -> dict[str, Any]:
    now = int(time.time())
    return {name: now + value if isinstance(value, FromNow) else value for name, value in claims.items()}


def reason_for(token: str, *providers: IdentityProvider) -> str:
    with pytest.raises(TokenDenied) as refused:
        verified(token, *providers)
    return refused.value.reason


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
def test_a_token_with_any_asymmetric_algorithm_is_accepted(
    provider: IdentityProvider, algorithm: str
) -> None:
    provider.publish("key-2", KEY_FOR[algorithm], algorithm)

    claims = verified(provider.token(key=KEY_FOR[algorithm], key_id="key-2", algorithm=algorithm), provider)

    assert claims["sub"] == CLIENT


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"exp": FromNow(-60)}, "expired"),
        ({"exp": None}, "invalid"),
        ({"exp": "tomorrow"}, "invalid"),
        ({"nbf": FromNow(+60)}, "not-yet-valid"),
        ({"iat": FromNow(+60)}, "not-yet-valid"),
        ({"client_id": "somebody-else"}, "wrong-audience"),
        ({"client_id": None}, "wrong-audience"),
        ({"aud": "somebody-else"}, "wrong-audience"),  # although client_id is ours
        ({"aud": []}, "wrong-audience"),
        ({"aud": {"a": CLIENT}}, "wrong-audience"),
        ({"iss": "https://issuer.example"}, "unknown-issuer"),
        ({"iss": None}, "unknown-issuer"),
        ({"iss": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Pool/"}, "unknown-issuer"),
        ({"token_use": "id", "aud": CLIENT}, "not-an-access-token"),
    ],
)
def test_a_token_with_a_wrong_claim_is_denied(
    provider: IdentityProvider, changed: dict[str, Any], reason: str
) -> None:
    assert reason_for(provider.token(**with_times(changed)), provider) == reason


@pytest.mark.parametrize(
    "changed",
    [
        {"exp": FromNow(-10)},  # within the leeway for clocks that differ
        {"nbf": FromNow(+10)},
        {"client_id": None, "aud": CLIENT},
        {"client_id": None, "aud": ["https://other.example", CLIENT]},
    ],
)
def test_a_token_that_is_barely_valid_is_accepted(
    provider: IdentityProvider, changed: dict[str, Any]
) -> None:
    assert verified(provider.token(**with_times(changed)), provider)["iss"] == provider.name


def test_a_token_signed_with_another_key_under_a_known_key_id_is_denied(provider: IdentityProvider) -> None:
    assert reason_for(provider.token(key=OTHER_RSA_KEY), provider) == "bad-signature"


def test_a_token_with_claims_changed_after_signing_is_denied(provider: IdentityProvider) -> None:
    header, _, signature = provider.token().split(".")
    forged = segment(provider.claims(scope="glueline/delete"))

    assert reason_for(f"{header}.{forged}.{signature}", provider) == "bad-signature"


def test_a_key_inside_a_token_is_not_used(provider: IdentityProvider) -> None:
    own = {
        **provider.keys[0],
        **jwt.get_algorithm_by_name("RS256").to_jwk(OTHER_RSA_KEY.public_key(), as_dict=True),
    }
    headers = {
        "kid": "key-1",
        "jwk": own,
        "jku": f"{provider.server.url}/own.json",
        "x5u": "https://own.example",
    }

    token = jwt.encode(provider.claims(), OTHER_RSA_KEY, "RS256", headers=headers)

    assert reason_for(token, provider) == "bad-signature"
    assert provider.server.asked("/own.json") == []


def test_a_token_with_an_unknown_critical_header_is_denied(provider: IdentityProvider) -> None:
    headers = {"kid": "key-1", "crit": ["b64"], "b64": True}

    assert reason_for(jwt.encode(provider.claims(), RSA_KEY, "RS256", headers=headers), provider) in (
        "malformed",
        "invalid",
    )


def test_an_unsigned_token_is_denied(provider: IdentityProvider) -> None:
    unsigned = jwt.encode(provider.claims(), "", "none", headers={"kid": "key-1"})

    assert reason_for(unsigned, provider) == "algorithm-not-allowed"


def test_a_token_signed_by_hmac_with_the_public_key_is_denied(provider: IdentityProvider) -> None:
    token = hmac_token(RSA_KEY.public_key(), provider.claims(), kid="key-1")

    assert reason_for(token, provider) == "algorithm-not-allowed"


def test_a_key_is_used_only_with_its_own_algorithm(provider: IdentityProvider) -> None:
    assert reason_for(provider.token(algorithm="RS512"), provider) == "algorithm-not-allowed"


def test_a_key_without_an_algorithm_is_used_with_those_of_its_type(provider: IdentityProvider) -> None:
    provider.keys = [{name: value for name, value in provider.keys[0].items() if name != "alg"}]

    assert verified(provider.token(algorithm="RS512"), provider)
    assert reason_for(provider.token(algorithm="ES256", key=KEY_FOR["ES256"]), provider) == "invalid"


@pytest.mark.parametrize("token", ["", "x", "a.b", "a.b.c", "....", "ä.ö.ü", "e30.e30.e30", "[" * 9000])
def test_a_text_that_is_not_a_token_is_denied(provider: IdentityProvider, token: str) -> None:
    assert reason_for(token, provider) in ("malformed", "algorithm-not-allowed")


HEADER = segment({"alg": "RS256", "kid": "key-1"})
texts = st.text(st.characters(codec="ascii"), max_size=40)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=3
)
parts = st.dictionaries(st.sampled_from(["alg", "kid", "iss", "typ", "crit", "exp"]), values).map(segment)


@given(st.text() | st.tuples(parts | texts | st.just(HEADER), parts | texts, texts).map(".".join))
def test_any_text_is_denied_without_another_error(provider: IdentityProvider, token: str) -> None:
    assert reason_for(token, provider)


def test_an_unknown_key_id_is_denied(provider: IdentityProvider) -> None:
    assert reason_for(provider.token(key_id="key-9"), provider) == "unknown-key"
    assert reason_for(jwt.encode(provider.claims(), RSA_KEY, "RS256"), provider) == "unknown-key"


def test_an_issuer_cannot_sign_for_another(loopback: Loopback, provider: IdentityProvider) -> None:
    entra = IdentityProvider(loopback, "https://login.microsoftonline.com/t/v2.0", "/entra.json", keys=[{}])
    entra.keys.clear()
    entra.publish("key-2", OTHER_RSA_KEY, "RS256")

    accepted = verified(entra.token(key=OTHER_RSA_KEY, key_id="key-2"), provider, entra)

    assert accepted["iss"] == entra.name
    assert reason_for(provider.token(key=OTHER_RSA_KEY, key_id="key-2"), provider, entra) == "unknown-key"


TENANT = "9122040d-6c67-4c5b-b112-36a304b66dad"
ENTRA: dict[
    str, dict[str, Any]
] = {  # the relevant claims of each kind of access token in the documentation of Entra ID
    "v1.0, a user": {
        "iss": f"https://sts.windows.net/{TENANT}/",
        "aud": "api://glueline",
        "appid": "a-client",
        "scp": "glueline.read",
        "groups": ["0760b6cf-170e-4a14-91b3-4b78e0739963"],
        "ver": "1.0",
    },
    "v1.0, a program": {
        "iss": f"https://sts.windows.net/{TENANT}/",
        "aud": "api://glueline",
        "appid": "a-client",
        "roles": ["glueline.write"],
        "ver": "1.0",
    },
    "v2.0, a user": {
        "iss": f"https://login.microsoftonline.com/{TENANT}/v2.0",
        "aud": "6e74172b-be56-4843-9ff4-e66a39bb12e3",
        "azp": "a-client",
        "scp": "glueline.read glueline.write",
        "ver": "2.0",
    },
    "v2.0, a program": {
        "iss": f"https://login.microsoftonline.com/{TENANT}/v2.0",
        "aud": "6e74172b-be56-4843-9ff4-e66a39bb12e3",
        "azp": "a-client",
        "roles": ["glueline.read"],
        "ver": "2.0",
    },
}


@pytest.mark.parametrize(
    ("kind", "permissions"),
    [
        ("v1.0, a user", ["*:read", "products:delete"]),
        ("v1.0, a program", ["*:write"]),
        ("v2.0, a user", ["*:read", "*:write"]),
        ("v2.0, a program", ["*:read"]),
    ],
)
def test_every_kind_of_access_token_of_entra_id_is_accepted(
    provider: IdentityProvider, kind: str, permissions: list[str]
) -> None:
    claims = ENTRA[kind]
    keys = [
        {name: value for name, value in provider.keys[0].items() if name != "alg"}
    ]  # Entra ID's keys have no algorithm
    entra = IdentityProvider(provider.server, claims["iss"], "/discovery/keys", keys)
    issuer = Issuer(entra.name, entra.issuer.jwks_uri, frozenset({claims["aud"]}))
    token = entra.token(**claims, client_id=None, token_use=None, scope=None)

    accepted = verify(token, {entra.name: issuer}, {entra.name: KeySet(issuer)})

    of_names = {
        "glueline.read": frozenset({"*:read"}),
        "glueline.write": frozenset({"*:write"}),
        "0760b6cf-170e-4a14-91b3-4b78e0739963": frozenset({"products:delete"}),
    }
    assert granted(accepted, of_names) == permissions


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
def test_scopes_groups_and_roles_grant_permissions(claims: dict[str, Any], permissions: list[str]) -> None:
    assert granted(claims, PERMISSIONS) == permissions


def test_the_subject_is_the_user_or_else_the_client() -> None:
    assert subject({"sub": "user", "client_id": "client"}) == "user"
    assert subject({"client_id": "client"}) == "client"
    assert subject({}) == ""
