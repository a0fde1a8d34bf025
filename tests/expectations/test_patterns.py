"""Patterns of contracts on the engines that evaluate them: Rust in the Lambdas, Java in the jobs."""

import base64
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.patterns import UnportablePattern, to_java
from workflows.local.base.java import find_java

type Find = Callable[[str, str], bool]

PROGRAM = Path(__file__).with_name("engines") / "Matching.java"


@pytest.fixture(scope="module")
def find_in_java() -> Iterator[Find]:
    """Whether a real Java finds a pattern in a text."""
    with subprocess.Popen(
        [find_java(), PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        asked, answered = process.stdin, process.stdout
        assert asked
        assert answered

        def find(pattern: str, text: str) -> bool:
            print(
                *(base64.b64encode(part.encode()).decode() for part in (pattern, text)),
                file=asked,
                flush=True,
            )
            answer = answered.readline().strip()
            assert answer in ("true", "false"), f"{pattern!r}: {answer}"
            return answer == "true"

        yield find
        asked.close()


def find_in_rust(pattern: str, text: str) -> bool:
    """Whether the Lambdas' validator finds a pattern in a text."""
    return jsonschema_rs.Draft202012Validator({"pattern": pattern}).is_valid(text)


MEANT = [
    ("^a$", "a", True),
    ("^a$", "a\n", False),  # Java's $ also matches before a last line end
    ("^a$", "a\u0085", False),
    ("^.$", "\r", True),  # Java's . matches none of five line ends
    ("^.$", "\u2028", True),
    ("^.$", "\n", False),
    ("^.$", "\U0001f600", True),
    (r"^\d$", "1", True),
    (r"^\d$", "\u0661", False),
    (r"^\w$", "é", False),
    (r"^[^\W]$", "a", True),
    (r"^\s$", "\u3000", True),
    (r"^\s$", "\x0b", True),
    (r"^\s$", "\u0085", False),
    (r"^[\s\d]$", "\ufeff", True),
    (r"^\S+@\S+$", "a@b.example", True),
    (r"^\S+@\S+$", "a\u00a0b@c", False),
    (r"^\p{Lu}\p{L}*$", "Ärger", True),
    (r"^[\p{L}\d -]+$", "Straße 7-9", True),
    (r"^[^\p{L}]$", "é", False),
    (r"^[^^]$", "^", False),
    (r"^[a-c-]+$", "b-", True),
    (r"^[\]\\&]+$", "]\\&", True),
    (r"^\u00e9\x41$", "éA", True),
    (r"^(?!test)[a-z]+$", "tester", False),
    (r"^(?=.*\d)[a-z0-9]{2,4}$", "a1", True),
    ("^(?:EUR|USD)$|^$", "", True),
    (r"^[A-Z]{2}\d{2,}$", "DE1", False),
    ("b", "abc", True),  # a pattern may match anywhere
]


@pytest.mark.parametrize(("pattern", "text", "expected"), MEANT)
def test_a_pattern_means_the_same_in_rust_and_java(
    find_in_java: Find, pattern: str, text: str, expected: bool
) -> None:
    assert (find_in_rust(pattern, text), find_in_java(to_java(pattern), text)) == (expected, expected)


REFUSED = [
    (r"a\Z", r"got \Z; write $"),
    (r"\Aa", r"got \A; write ^"),
    (r"\bword\b", r"got \b; write the characters that may stand there, e.g. (?:^|[^a-z])"),
    ("(?a)a", "got a group (?a…; write both cases, e.g. [Aa]; a pattern has no flags"),
    ("(?i)eur", "got a group (?i…; write both cases, e.g. [Aa]; a pattern has no flags"),
    ("(?P<year>a)", "got a group (?P…; write (…) without a name"),
    ("(?<year>a)", "got a group (?<…; write (…) without a name"),
    ("(?<=a)b", "got a group (?<=…; look behind: match the text before as well"),
    ("(?>a)b", "got a group (?>…; write (?:…)"),
    ("a++", "got ++; write one quantifier, or a group around the first"),
    ("a{2}{3}", "got {2}{; write one quantifier, or a group around the first"),
    (r"(a)\1", r"got a reference \1; repeat the expression itself"),
    (r"\h+", r"got \h; write [ \t]"),
    (r"\v", r"got \v; write \x0B, or the line ends one by one"),
    (r"\p{IsGreek}", r"got \p{Is…; write a general category of Unicode, e.g. \p{L} for letters"),
    (r"\pL", r"got \pL…; write a general category of Unicode, e.g. \p{L} for letters"),
    (r"\Qa.b\E", r"got \Q; put \ before each character that has a meaning"),
    (r"[\s\S]", r"got \S in a class; write (?:.|\n) for any character, or \S outside"),
    ("[a&&b]", "got && in a class; write the character once"),
    ("[a[b]]", r"got [ in a class; write \[ for the character"),
    ("[a-z-9]", r"got - in a class; write \- for the character"),
    ("[z-a]", r"got a range z-a; write two characters in ascending order, and \- for the character"),
    (r"[a-\d]", r"got a range a-\d; write two characters in ascending order, and \- for the character"),
    ("[]a]", r"got an empty class; name its characters; \] is the character"),
    ("[a", r"got a [ that is never closed; write \[ for the character"),
    ("[^a-", r"got a [ that is never closed; write \[ for the character"),
    ("(a", r"got a ( that is never closed; write \( for the character"),
    ("a)", r"got a ) that closes nothing; write \) for the character"),
    ("a{", r"got a { that begins no count; write {2}, {2,} or {2,5}, or \{ for the character"),
    ("a{,3}", r"got a { that begins no count; write {2}, {2,} or {2,5}, or \{ for the character"),
    ("{a", r"got { alone; write \{ for the character"),
    ("a]", r"got ] alone; write \] for the character"),
    ("*a", r"got * with nothing to repeat; write \* for the character"),
    ("^*a", "got * behind what has no width; drop it"),
    ("(?=a)*", "got * behind what has no width; drop it"),
    ("a{3,2}", "got {3,2}; write counts in ascending order, of at most 1000"),
    ("a{2000}", "got {2000}; write counts in ascending order, of at most 1000"),
    ("(.{1,1000}){1,100}", "got more than Rust compiles; count less, and let maxLength limit the length"),
    (r"\x4", r"got \x4; write \x and two hexadecimal digits, or \u and four, or the character itself"),
    (r"\ud800", r"got \ud800; write \x and two hexadecimal digits, or \u and four, or the character itself"),
    ("\ud800", "got half of a surrogate pair; write the whole character"),
    ("a\\", r"got a \ at the end; write \\ for the character"),
    ("(" * 40 + ")" * 40, "got groups more than 30 deep; write it with fewer groups"),
]  # fmt: skip


@pytest.mark.parametrize(("pattern", "message"), REFUSED)
def test_a_pattern_about_which_engines_disagree_is_refused_with_advice(pattern: str, message: str) -> None:
    with pytest.raises(UnportablePattern, match=f"^{re.escape(message)}$"):
        to_java(pattern)


ESCAPES = "dDwWsS.-[]^\\/nbZA1hv"
PIECES = [
    *"ab1_ -.^$|()[]{}*+?,é\n\U0001f600&~:=!<P#/",
    *(f"\\{letter}" for letter in ESCAPES),
    *(r"\x41", r"\u00e9", r"\p{L}", r"\P{Lu}", r"\p{Nd}"),
    *("(?:", "(?=", "(?!", "(?i)"),
    *("[^", "a-z", "{2}", "{1,3}", "{2,}", "{300}", "*?", "++", "[a-c]", "[^b\n]"),
]
patterns = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
# Characters that old versions of Unicode have too, as engines support different versions.
texts = st.text("ab1_ -.^$é\n\r\t\x0b\x85\u00a0\u2028\u0661ÄÉ\U0001f600[]{}&~#", max_size=6)


@given(patterns, st.lists(texts, min_size=1, max_size=4))
def test_both_engines_compile_an_accepted_pattern_and_agree_on_matches(
    find_in_java: Find, pattern: str, given_texts: list[str]
) -> None:
    try:
        java = to_java(pattern)
    except UnportablePattern:
        return
    for text in given_texts:
        assert find_in_java(java, text) == find_in_rust(pattern, text), (pattern, java, text)


@given(st.text(max_size=12))
def test_any_text_is_accepted_by_both_engines_or_refused(find_in_java: Find, pattern: str) -> None:
    try:
        java = to_java(pattern)
    except UnportablePattern:
        return
    assert find_in_java(java, "a") == find_in_rust(pattern, "a")
