"""Answers are compressed for clients that accept it."""

import base64
import gzip
from typing import Any

import pytest

from lambdas.data_api.compression import LEAST_BYTES, accepts_gzip, compressed
from lambdas.exact_json import loads
from tests.builders import product
from tests.lambdas.data_api.conftest import Call


def answer(body: str, **headers: str) -> dict[str, Any]:
    return {"statusCode": 200, "body": body, "isBase64Encoded": False, "headers": headers}


@pytest.mark.parametrize(
    ("accepted", "is_accepted"),
    [
        ("gzip", True), ("GZIP", True), ("deflate, gzip;q=0.5", True), ("*", True), ("br, *;q=0.1", True),
        ("", False), ("identity", False), ("gzip;q=0", False), ("gzip; q=0.000", False),
        ("*, gzip;q=0", False),        ("*;q=0", False), ("gzip;q=much", False), ("xgzip", False),
    ],
)  # fmt: skip
def test_what_a_client_accepts(accepted: str, is_accepted: bool) -> None:
    assert accepts_gzip(accepted) == is_accepted


def test_a_long_answer_is_compressed() -> None:
    body = "é" * LEAST_BYTES

    packed = compressed(answer(body, **{"Content-Type": "application/json"}), "gzip, br")

    assert gzip.decompress(base64.b64decode(packed["body"])).decode() == body
    assert packed["isBase64Encoded"]
    assert packed["headers"] == {
        "Content-Type": "application/json",
        "Vary": "Accept-Encoding",
        "Content-Encoding": "gzip",
    }


@pytest.mark.parametrize(
    "plain",
    [answer("x" * (LEAST_BYTES - 1)), answer("x" * LEAST_BYTES, ETag='"1"'),
     {"statusCode": 204, "body": None},     {**answer("eA==" * LEAST_BYTES), "isBase64Encoded": True}],
)  # fmt: skip
def test_other_answers_stay_as_they_are(plain: dict[str, Any]) -> None:
    assert compressed(plain, "gzip") == plain


def test_a_cache_is_told_that_answers_vary() -> None:
    assert compressed(answer("x" * LEAST_BYTES), "")["headers"] == {"Vary": "Accept-Encoding"}


def test_the_api_compresses_pages(call: Call) -> None:
    for number in range(1, 12):
        call("POST", "/products", product(product_id=number))

    plain = call("GET", "/products", query={"limit": "11"})
    packed = call("GET", "/products", query={"limit": "11"}, accept_encoding="gzip")

    assert (packed.headers["content-encoding"], "content-encoding" in plain.headers) == ("gzip", False)
    assert loads(gzip.decompress(base64.b64decode(packed.text)).decode()) == plain.body
