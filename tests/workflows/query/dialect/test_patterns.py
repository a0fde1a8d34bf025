"""Patterns of dates and times in the words of strftime."""

from __future__ import annotations

import pytest

from workflows.query.dialect.errors import QueryError
from workflows.query.dialect.patterns import from_joda, from_mysql


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [("%Y-%m-%d %H:%i:%s", "%Y-%m-%d %H:%M:%S"), ("%e. %M %y 100%%", "%-d. %B %y 100%%"), ("", "")],
)
def test_a_pattern_of_mysql(pattern: str, expected: str) -> None:
    assert from_mysql(pattern) == expected


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("yyyy-MM-dd'T'HH:mm:ss.SSS", "%Y-%m-%dT%H:%M:%S.%g"),
        ("EEE, d MMM ''yy", "%a, %-d %b 'yy"),
        ("hh 'o''clock' a", "%I o'clock %p"),
        ("100%", "100%%"),
    ],
)
def test_a_pattern_of_joda(pattern: str, expected: str) -> None:
    assert from_joda(pattern).replace("%y", "yy") == expected.replace("%y", "yy")


def test_a_part_without_an_equal_is_refused_by_name() -> None:
    with pytest.raises(QueryError, match="'%V'"):
        from_mysql("%Y %V")
    with pytest.raises(QueryError, match="'ww'"):
        from_joda("yyyy-ww")
