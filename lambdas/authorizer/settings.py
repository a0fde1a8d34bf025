"""The trusted issuers, and what scopes and groups permit, from the environment of the authorizer."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

from lambdas.environment import ConfigurationError

_PERMISSION = re.compile(r"(\*|[a-z][a-z0-9_]*):(read|write|delete)")
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class Issuer:
    """An OIDC issuer: the exact `iss` of its tokens, the address of its keys, and the accepted audiences.

    Without a `jwks_uri`, the address is in the issuer's `<issuer>/.well-known/openid-configuration`.
    """

    issuer: str
    jwks_uri: str | None
    audience: frozenset[str]


@dataclass(frozen=True, slots=True)
class Settings:
    """`ISSUERS` by their `iss`, and `PERMISSIONS` by scope or group."""

    issuers: Mapping[str, Issuer]
    permissions: Mapping[str, frozenset[str]]

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """The settings, or a ConfigurationError with all problems."""
        problems: list[str] = []
        issuers = [_issuer(entry, problems) for entry in _json(env, "ISSUERS", list, problems)]
        permissions = {
            name: _permissions(name, listed, problems)
            for name, listed in _json(env, "PERMISSIONS", dict, problems).items()
        }
        if problems:
            raise ConfigurationError("; ".join(problems))
        return cls({issuer.issuer: issuer for issuer in issuers}, permissions)


def _json[T: (list[Any], dict[str, Any])](
    env: Mapping[str, str], name: str, kind: type[T], problems: list[str]
) -> T:
    try:
        value = json.loads(env.get(name, ""))
    except ValueError:
        value = None
    if isinstance(value, kind) and value:
        return value
    problems.append(f"{name}: expected a JSON {kind.__name__} that is not empty, got {env.get(name)!r}")
    return kind()


def _issuer(entry: Any, problems: list[str]) -> Issuer:
    fields = entry if isinstance(entry, dict) else {}
    issuer, jwks_uri, audience = fields.get("issuer"), fields.get("jwks_uri"), fields.get("audience")
    if not isinstance(issuer, str) or not issuer:
        problems.append(f"ISSUERS: expected the `iss` of the tokens as `issuer`, got {issuer!r}")
    source = jwks_uri if "jwks_uri" in fields else issuer
    if not isinstance(source, str) or not is_safe(source):
        problems.append(
            "ISSUERS: expected an https `jwks_uri` (http on this host), or none and an https `issuer`, "
            f"got {source!r}"
        )
    if not _is_texts(audience) or not audience:  # no audience must not mean any audience
        problems.append(f"ISSUERS: expected a list of audiences or client ids, got {audience!r}")
        audience = []
    return Issuer(str(issuer), None if jwks_uri is None else str(jwks_uri), frozenset(audience))


def _permissions(name: str, listed: Any, problems: list[str]) -> frozenset[str]:
    if _is_texts(listed) and all(map(_PERMISSION.fullmatch, listed)):
        return frozenset(listed)
    problems.append(
        f"PERMISSIONS[{name}]: expected a list of <dataset|*>:<read|write|delete>, got {listed!r}"
    )
    return frozenset()


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) and item for item in value)


def is_safe(uri: str) -> bool:
    """Whether keys may be fetched from the address: by HTTPS, or from this host, where an emulator runs."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    if not parts.hostname:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
