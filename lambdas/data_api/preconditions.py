"""Entity tags and headers with preconditions (RFC 9110, section 13). A row's tag is its quoted version."""

import re
from collections.abc import Mapping

from lambdas.data_api.problems import Problem
from lambdas.data_api.stored import ANYTHING, Expectation

_TAG = r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"'
_TAGS = re.compile(rf"\s*{_TAG}\s*(,\s*{_TAG}\s*)*")
MAX_TAGS = 100  # the most values that a DynamoDB condition compares


def etag(version: int) -> str:
    """The entity tag of a version."""
    return f'"{version}"'


def expectation(headers: Mapping[str, str]) -> Expectation:
    """What the writer expects by If-Match, or by `If-None-Match: *`, which means "create only".

    Problem 400 if a header is not valid.
    """
    if (text := headers.get("if-match")) is not None:
        if text.strip() == "*":
            return Expectation(live=True)
        # Strong comparison: a weak tag is not equal to any tag.
        return Expectation(versions=frozenset(_versions("If-Match", text, weak=False)))
    if (text := headers.get("if-none-match")) is not None:
        if text.strip() == "*":
            return Expectation(live=False)
        raise Problem("bad-request", "expected If-None-Match: * on a write; use If-Match to name a version")
    return ANYTHING


def is_known(headers: Mapping[str, str], version: int) -> bool:
    """Whether the client has this version, by its If-None-Match."""
    text = headers.get("if-none-match")
    if text is None:
        return False
    return text.strip() == "*" or version in _versions("If-None-Match", text, weak=True)


def _versions(header: str, text: str, *, weak: bool) -> list[int]:
    if _TAGS.fullmatch(text) is None:
        raise Problem(
            "bad-request", f'expected {header}: * or entity tags like "1483271606000000", got {text!r}'
        )
    tags = [tag for prefix, tag in re.findall(_TAG, text) if weak or not prefix]
    if len(tags) > MAX_TAGS:
        raise Problem("bad-request", f"expected at most {MAX_TAGS} entity tags in {header}, got {len(tags)}")
    return [int(tag) for tag in tags if re.fullmatch(r"0|-?[1-9][0-9]{0,18}", tag)]
