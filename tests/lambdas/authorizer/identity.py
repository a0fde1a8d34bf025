"""An identity provider for tests, with real keys, real tokens, and a published key set."""

import base64
import hashlib
import hmac
import json
import time
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from lambdas.authorizer.settings import Issuer
from tests.lambdas.loopback import Answer, Loopback, Request

CLIENT = "3n4b5urk1ft4fl3mg5e62d9ado"

type PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

# Generated once, as an RSA key takes about 50 ms.
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
KEY_FOR: dict[str, PrivateKey] = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), RSA_KEY),
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "ES384": ec.generate_private_key(ec.SECP384R1()),
    "ES512": ec.generate_private_key(ec.SECP521R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
}


@dataclass(slots=True)
class IdentityProvider:
    """An issuer that publishes `keys` at its address on the loopback server."""

    server: Loopback
    name: str = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Pool"
    path: str = "/jwks.json"
    keys: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.server.routes[self.path] = self._answer
        if not self.keys:
            self.publish("key-1", RSA_KEY, "RS256")

    @property
    def issuer(self) -> Issuer:
        """This provider in the authorizer's settings."""
        return Issuer(self.name, self.server.url + self.path, frozenset({CLIENT}))

    def publish(self, key_id: str, key: PrivateKey, algorithm: str, **fields: Any) -> None:
        """Add the public half of a key to the key set."""
        public = json.loads(jwt.get_algorithm_by_name(algorithm).to_jwk(key.public_key()))
        self.keys.append({**public, "kid": key_id, "use": "sig", "alg": algorithm, **fields})

    def claims(self, **changed: Any) -> dict[str, Any]:
        """The claims of a valid access token of Amazon Cognito, with these changes; None removes a claim."""
        claims = {
            "iss": self.name,
            "sub": CLIENT,
            "client_id": CLIENT,
            "token_use": "access",
            "scope": "glueline/read",
            "exp": int(time.time()) + 3600,
            **changed,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def token(
        self, *, key: Any = RSA_KEY, key_id: str = "key-1", algorithm: str = "RS256", **changed: Any
    ) -> str:
        """A signed token."""
        return jwt.encode(self.claims(**changed), key, algorithm, headers={"kid": key_id})

    def publish_discovery(self, path: str, **changed: Any) -> Issuer:
        """Serve an OpenID configuration, and return the issuer with settings that need discovery.

        The issuer's name becomes its address on the loopback server.
        """
        self.name = self.server.url + path
        document = {"issuer": self.name, "jwks_uri": self.server.url + self.path} | changed
        body = json.dumps(document).encode()
        asked = f"{path.removesuffix('/')}/.well-known/openid-configuration"
        self.server.routes[asked] = lambda _: Answer(200, body)
        return Issuer(self.name, None, frozenset({CLIENT}))

    def _answer(self, _: Request) -> Answer:
        return Answer(200, json.dumps({"keys": self.keys}).encode())


def hmac_token(public_key: rsa.RSAPublicKey, claims: dict[str, Any], **header: Any) -> str:
    """A token signed by HMAC with the issuer's public key as the secret, which PyJWT refuses to create."""
    secret = public_key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    signed = f"{segment({'alg': 'HS256', 'typ': 'JWT', **header})}.{segment(claims)}"
    signature = hmac.digest(secret, signed.encode(), hashlib.sha256)
    return f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def segment(part: dict[str, Any]) -> str:
    """Header or claims as a segment of a token (RFC 7515, section 3.1)."""
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
