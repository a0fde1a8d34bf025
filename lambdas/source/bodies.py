"""Texts of messages, and the bodies that SQS takes in their place. No AWS here.

SQS takes the characters of XML 1.0 alone, but records of streams and topics have any bytes. In a text, bytes
that are not UTF-8 are surrogates. A text that SQS does not take is a body in Base64, with an attribute that
says so: `encoding` of a dead letter, `glueline_encoding` of a dead letter that is sent again.
"""

import base64
import re
from typing import Final

ENCODING: Final = "encoding"
SENT_ENCODING: Final = "glueline_encoding"  # the sender of another message may use `encoding` for itself
BASE64: Final = "base64"
OMITTED: Final = "omitted"  # of a dead letter whose message is too large: its body says which message it was
_NO_TEXT_OF_SQS: Final = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def body_of(text: str) -> tuple[str, str]:
    """The body that SQS takes for the text, and its encoding, which is empty if the body is the text."""
    if _NO_TEXT_OF_SQS.search(text):
        return base64.b64encode(data_of(text)).decode(), BASE64
    return text, ""


def text_of(body: str, encoding: str) -> str:
    """The text for which this is the body. What is no Base64 is the text itself."""
    if encoding != BASE64:
        return body
    try:
        return text_of_data(base64.b64decode(body, validate=True))
    except ValueError:
        return body


def data_of(text: str) -> bytes:
    """The bytes of the text."""
    return text.encode(errors="surrogateescape")


def text_of_data(data: bytes) -> str:
    """The text of bytes, which need not be UTF-8."""
    return data.decode(errors="surrogateescape")
