"""The id that joins the log lines of a request."""

import pytest

from lambdas.correlation import HEADER, correlation_id


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({HEADER: "5d1c0b0e-6c0e-4f8a-9a34-1d0e6f1f9a77"}, "5d1c0b0e-6c0e-4f8a-9a34-1d0e6f1f9a77"),
        ({HEADER: "Root=1-67891233-abcdef012345678912345678"}, "Root=1-67891233-abcdef012345678912345678"),
        ({}, "of-the-gateway"),
        (None, "of-the-gateway"),
        ({HEADER: ""}, "of-the-gateway"),
        ({HEADER: "x" * 129}, "of-the-gateway"),
        ({HEADER: 'a","level":"ERROR'}, "of-the-gateway"),
        ({HEADER: "a\nb"}, "of-the-gateway"),
        ({HEADER: "a\n"}, "of-the-gateway"),
    ],
)
def test_a_callers_id_is_used_if_it_looks_like_an_id(headers: dict[str, str] | None, expected: str) -> None:
    assert correlation_id({"headers": headers, "requestContext": {"requestId": "of-the-gateway"}}) == expected
