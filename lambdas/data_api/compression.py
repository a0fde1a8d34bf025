"""Compresses answers for clients that accept gzip. No AWS here.

API Gateway passes a compressed body on as it is. An answer with an ETag stays as it is: the tag would name
two different sequences of bytes (RFC 9110, section 8.8.1), and it is one row.
"""

import base64
import gzip
from typing import Any

LEAST_BYTES = 1024  # below, headers are most of the answer
_LEVEL = 5


def compressed(answer: dict[str, Any], accepted: str) -> dict[str, Any]:
    """The answer in the form that Lambda returns, compressed if `accepted`, an Accept-Encoding, allows it."""
    body = answer.get("body") or ""
    headers: dict[str, str] = answer.get("headers") or {}
    if len(body) < LEAST_BYTES or "ETag" in headers or answer.get("isBase64Encoded"):
        return answer
    varying = {**headers, "Vary": "Accept-Encoding"}
    if not accepts_gzip(accepted):
        return {**answer, "headers": varying}
    packed = gzip.compress(body.encode(), _LEVEL, mtime=0)
    return {
        **answer,
        "headers": {**varying, "Content-Encoding": "gzip"},
        "body": base64.b64encode(packed).decode(),
        "isBase64Encoded": True,
    }


def accepts_gzip(accepted: str) -> bool:
    """Whether an Accept-Encoding allows gzip.

    >>> accepts_gzip("deflate, gzip;q=0.5"), accepts_gzip("gzip;q=0, *"), accepts_gzip("")
    (True, False, False)
    """
    weights: dict[str, float] = {}
    for part in accepted.lower().split(","):
        coding, _, parameter = part.partition(";")
        weights[coding.strip()] = _weight(parameter)
    return weights.get("gzip", weights.get("*", 0.0)) > 0


def _weight(parameter: str) -> float:
    name, _, value = parameter.partition("=")
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0
