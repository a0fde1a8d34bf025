"""Texts, regular expressions, JSON, URLs and binary."""

from __future__ import annotations

from typing import Any

ANSWERS: list[tuple[str, list[list[Any]]]] = [
    (
        "select json_extract_scalar('{\"a\":{\"b\":\"x\"}}','$.a.b') a, json_extract_scalar('{\"a\":[1]}','$.a') b, json_array_length('[1,2]') c, json_format(json_parse('{\"a\": 1}')) d, json_extract('{\"a\":[1,2]}','$.a[1]') e",
        [["x", None, 2, '{"a":1}', "2"]],
    ),
    ("select soundex('Tymczak') a, soundex('Ashcraft') b, soundex('Lee') c", [["T522", "A261", "L000"]]),
    (
        "select url_extract_query('https://a.b:80/p?q=1&r=2#f') a, url_extract_port('https://a.b:80/p') b, url_extract_protocol('https://a.b') c, url_extract_fragment('https://a/#f') d, url_extract_parameter('https://a/?x=1&y=a%20b','y') e",
        [["q=1&r=2", 80, "https", "f", "a b"]],
    ),
    (
        "select to_hex(md5(to_utf8('a'))) a, to_base64(to_utf8('a')) b, from_utf8(from_base64('YQ==')) c",
        [["0CC175B9C0F1B6A831C399E269772661", "YQ==", "a"]],
    ),
]
REFUSED = [
    ("select 1 || 'a'", "CAST it to VARCHAR"),
]
