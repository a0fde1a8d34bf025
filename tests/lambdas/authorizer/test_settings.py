import json
from typing import Any

import pytest

from lambdas.authorizer.settings import Issuer, Settings
from lambdas.environment import ConfigurationError

ISSUER = {"issuer": "https://a.example", "jwks_uri": "https://a.example/keys", "audience": ["client"]}


def settings(issuers: Any, permissions: Any) -> Settings:
    return Settings.from_env({"ISSUERS": json.dumps(issuers), "PERMISSIONS": json.dumps(permissions)})


def test_issuers_and_permissions_come_from_the_environment() -> None:
    read = settings([ISSUER], {"readers": ["*:read"]})

    assert read.issuers == {
        "https://a.example": Issuer("https://a.example", "https://a.example/keys", frozenset({"client"}))
    }
    assert read.permissions == {"readers": frozenset({"*:read"})}


def test_all_problems_are_reported_at_once() -> None:
    with pytest.raises(ConfigurationError) as wrong:
        settings(
            [{"issuer": "", "jwks_uri": "http://a.example/keys", "audience": []}],
            {"readers": ["*:admin"]},
        )

    assert str(wrong.value).count("expected") == 4


def test_an_issuer_needs_no_address_of_its_keys() -> None:
    entra = "https://login.microsoftonline.com/9122040d-6c67-4c5b-b112-36a304b66dad/v2.0"

    read = settings([{"issuer": entra, "audience": ["api://glueline"]}], {"readers": ["*:read"]})

    assert read.issuers == {entra: Issuer(entra, None, frozenset({"api://glueline"}))}


@pytest.mark.parametrize(
    "unsafe",
    [
        {"issuer": "http://a.example"},
        {"issuer": "a.example"},
        {"jwks_uri": None},
        {"jwks_uri": ""},
    ],
)
def test_keys_and_discovery_need_https(unsafe: dict[str, Any]) -> None:
    entry = {"issuer": "https://a.example", "audience": ["client"]} | unsafe

    with pytest.raises(ConfigurationError, match="https"):
        settings([entry], {"readers": ["*:read"]})


@pytest.mark.parametrize("name", ["ISSUERS", "PERMISSIONS"])
@pytest.mark.parametrize("value", ["", "{", "null", "7", "[]", "{}"])
def test_a_variable_without_content_is_refused(name: str, value: str) -> None:
    good = {"ISSUERS": json.dumps([ISSUER]), "PERMISSIONS": '{"readers": ["*:read"]}'}

    with pytest.raises(ConfigurationError, match=name):
        Settings.from_env({**good, name: value})


@pytest.mark.parametrize("uri", ["http://127.0.0.1:4566/keys", "http://localhost:4566/keys"])
def test_keys_may_be_fetched_from_this_host_without_https(uri: str) -> None:
    read = settings([{**ISSUER, "jwks_uri": uri}], {"readers": ["*:read"]})

    assert read.issuers["https://a.example"].jwks_uri == uri
    for unsafe in (
        "http://10.0.0.1/keys",
        "file:///keys",
        "ftp://a.example/keys",
        "https://",
        "//x",
        "http://[x",
    ):
        with pytest.raises(ConfigurationError, match="https"):
            settings([{**ISSUER, "jwks_uri": unsafe}], {"readers": ["*:read"]})
