"""Texts of messages and the bodies that SQS takes in their place."""

import base64

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lambdas.source.bodies import body_of, data_of, text_of, text_of_data


@pytest.mark.parametrize("text", ["", "{}", "\t\n\r é 𝄞 \ufffd \ue000"])
def test_a_text_that_sqs_takes_is_its_own_body(text: str) -> None:
    assert body_of(text) == (text, "")


@pytest.mark.parametrize("data", [b"\xff", b'{"a": "\x00"}', "\ufffe".encode(), b"\x0b"])
def test_bytes_that_sqs_does_not_take_are_base64(data: bytes) -> None:
    assert body_of(text_of_data(data)) == (base64.b64encode(data).decode(), "base64")


@given(st.binary())
@example(b"\xed\xa0\x80")  # half of a surrogate pair, as some write it
def test_the_body_of_any_bytes_has_these_bytes_and_only_what_sqs_takes(data: bytes) -> None:
    body, encoding = body_of(text_of_data(data))

    assert data_of(text_of(body, encoding)) == data
    assert body_of(body) == (body, "")


@pytest.mark.parametrize("body", ["{}", "é", "a", "YQ=", "YQ== "])
def test_what_is_no_base64_is_the_text_itself(body: str) -> None:
    assert text_of(body, "base64") == body
