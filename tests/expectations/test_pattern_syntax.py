"""Syntax about which engines disagree is refused with the advice that the tables list for it."""

import re

import pytest

from expectations.pattern_syntax import ANCHORS, CATEGORIES, ESCAPED, GROUPS, INSTEAD
from expectations.patterns import UnportablePattern, to_java


@pytest.mark.parametrize(("letter", "advice"), INSTEAD.items())
def test_an_escape_has_advice(letter: str, advice: str) -> None:
    with pytest.raises(UnportablePattern, match=re.escape(advice)):
        to_java(f"a\\{letter}")


@pytest.mark.parametrize(("opening", "advice"), GROUPS.items())
def test_a_kind_of_group_has_advice(opening: str, advice: str) -> None:
    with pytest.raises(UnportablePattern, match=re.escape(advice)):
        to_java(f"{opening}a)")


@pytest.mark.parametrize("character", sorted(ESCAPED))
def test_an_escaped_character_stays_escaped(character: str) -> None:
    assert to_java(f"\\{character}") == f"\\{character}"


@pytest.mark.parametrize("category", sorted(CATEGORIES))
def test_a_category_is_kept(category: str) -> None:
    assert to_java(rf"\p{{{category}}}\P{{{category}}}") == rf"\p{{{category}}}\P{{{category}}}"


def test_anchors_tie_a_pattern_to_the_ends_of_the_text() -> None:
    assert to_java("^a$") == f"{ANCHORS['^']}a{ANCHORS['$']}"
