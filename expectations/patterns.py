r"""The regular expressions of contracts: the part of ECMA-262 that has one meaning in all engines.

Rust's fancy-regex evaluates a pattern in the Lambdas (jsonschema-rs), java.util.regex in the jobs (Spark's
RLIKE), and clients of the API get it in the OpenAPI document. A pattern may match anywhere in the text,
unless `^` or `$` tie it to an end. The engines differ in syntax (`\Z`, `(?a)`, `a++`) and in meaning (`$`
before a last line end, `.`, `\s`, `\b`, case-insensitive letters). `to_java` refuses what has no common
meaning, and rewrites the rest so that Java matches what Rust matches: `\d` and `\w` are ASCII, `\s` is the
white space of ECMA-262, `.` is any character but a line feed, `$` is the end of the text.

Categories such as `\p{L}` follow the Unicode version of each engine, so they may differ for characters that
Unicode added recently.
"""

from expectations.pattern_syntax import (
    ANCHORS,
    CATEGORIES,
    CODES,
    CONTROLS,
    DEEPEST,
    ESCAPED,
    GROUPS,
    INSTEAD,
    MOST_STATES,
    MOST_TIMES,
    SPACE,
    STATES,
    STATES_OF_ANY,
    STATES_OF_CATEGORY,
)
from expectations.problems import GluelineError

type _Part = tuple[str, int]  # the pattern for Java, and how many states it adds to an automaton


class UnportablePattern(GluelineError, ValueError):
    """Raised when engines refuse a pattern or disagree about it; the message says what to write instead."""

    def __init__(self, got: str, advice: str) -> None:
        self.got, self.advice = got, advice
        super().__init__(f"got {got}; {advice}")


def to_java(pattern: str) -> str:
    """The pattern with which Java matches what Rust matches with the given one.

    UnportablePattern if the engines disagree about a part of it.
    """
    java, _ = _Reader(pattern).whole()
    return java


class _Reader:
    """Reads a pattern from left to right."""

    def __init__(self, pattern: str) -> None:
        self._text = pattern
        self._at = 0

    def whole(self) -> _Part:
        part = self._alternatives(0)
        if self._at < len(self._text):
            raise UnportablePattern("a ) that closes nothing", r"write \) for the character")
        return part

    def _alternatives(self, depth: int) -> _Part:
        if depth > DEEPEST:
            raise UnportablePattern(f"groups more than {DEEPEST} deep", "write it with fewer groups")
        found = [self._sequence(depth)]
        while self._took("|"):
            found.append(self._sequence(depth))
        return "|".join(java for java, _ in found), self._small(sum(states for _, states in found))

    def _sequence(self, depth: int) -> _Part:
        java, states = "", 0
        while self._at < len(self._text) and self._text[self._at] not in "|)":
            more, size, repeatable = self._atom(depth)
            times, spelled = self._quantifier(repeatable)
            java += more + spelled
            states = self._small(states + size * times)
        return java, states

    def _atom(self, depth: int) -> tuple[str, int, bool]:
        """One atom, and whether it may be repeated."""
        character = self._next()
        if character == "(":
            return self._group(depth)
        if character in ANCHORS:
            return ANCHORS[character], 1, False
        if character in "*+?":
            raise UnportablePattern(
                f"{character} with nothing to repeat", rf"write \{character} for the character"
            )
        if character in "{}]":
            raise UnportablePattern(f"{character} alone", rf"write \{character} for the character")
        if character == "[":
            part = self._class()
        elif character == "\\":
            part = self._escape(in_class=False)
        elif character == ".":
            part = r"[^\n]", STATES_OF_ANY
        else:
            part = _literal(character), len(character.encode())
        return (*part, True)

    def _group(self, depth: int) -> tuple[str, int, bool]:
        opening = "("
        if self._text.startswith("?", self._at):
            opening = next(
                (one for one in ("(?:", "(?=", "(?!") if self._text.startswith(one, self._at - 1)), ""
            )
            if not opening:
                rest = self._text[self._at - 1 :]
                known = next(((one, advice) for one, advice in GROUPS.items() if rest.startswith(one)), None)
                got, advice = known or (rest[:3], "write both cases, e.g. [Aa]; a pattern has no flags")
                raise UnportablePattern(f"a group {got}…", advice)
            self._at += len(opening) - 1
        java, states = self._alternatives(depth + 1)
        if not self._took(")"):
            raise UnportablePattern("a ( that is never closed", r"write \( for the character")
        return f"{opening}{java})", states, opening in ("(", "(?:")

    def _quantifier(self, repeatable: bool) -> tuple[int, str]:
        """How often the atom may match (two if there is no limit), and the quantifier as it is written."""
        start = self._at
        times = 1
        if self._took("*") or self._took("+"):
            times = 2
        elif not self._took("?") and self._text.startswith("{", self._at):
            times = self._count()
        spelled = self._text[start : self._at]
        if not spelled:
            return 1, ""
        if not repeatable:
            raise UnportablePattern(f"{spelled} behind what has no width", "drop it")
        spelled += "?" if self._took("?") else ""
        if self._at < len(self._text) and self._text[self._at] in "*+?{":
            raise UnportablePattern(
                f"{spelled}{self._text[self._at]}", "write one quantifier, or a group around the first"
            )
        return times, spelled

    def _count(self) -> int:
        end = self._text.find("}", self._at)
        inside = self._text[self._at + 1 : end] if end > 0 else ""
        least, comma, most = inside.partition(",")
        numbers = [least, *([most] if most else [])]
        if not all(number.isascii() and number.isdigit() and len(number) < 6 for number in numbers):
            advice = r"write {2}, {2,} or {2,5}, or \{ for the character"
            raise UnportablePattern("a { that begins no count", advice)
        first, last = int(least), int(most or least)
        if first > last or last > MOST_TIMES:
            got = "{" + inside + "}"
            raise UnportablePattern(got, f"write counts in ascending order, of at most {MOST_TIMES}")
        self._at = end + 1
        return max(last, 1) + (2 if comma and not most else 0)

    def _class(self) -> _Part:
        java, states = "[", 0
        if self._took("^"):
            java, states = "[^", STATES_OF_ANY
        begin = self._at
        while not self._took("]"):
            java_of_item, size = self._class_item(is_first=self._at == begin)
            java, states = java + java_of_item, self._small(states + size)
        if self._at == begin + 1:
            raise UnportablePattern("an empty class", r"name its characters; \] is the character")
        return f"{java}]", states

    def _class_item(self, *, is_first: bool) -> _Part:
        low = self._class_character(is_first=is_first)
        is_range = self._text.startswith("-", self._at) and not self._text.startswith("-]", self._at)
        if not is_range:
            return low[:2]
        self._at += 1
        high = self._class_character(is_first=False)
        if low[2] is None or high[2] is None or low[2] > high[2]:
            advice = r"write two characters in ascending order, and \- for the character"
            raise UnportablePattern(f"a range {low[0]}-{high[0]}", advice)
        return f"{low[0]}-{high[0]}", 1 if high[2] < "\x80" else STATES_OF_ANY

    def _class_character(self, *, is_first: bool) -> tuple[str, int, str | None]:
        """One member of a class: its form for Java, its size, and the character if it is a single one."""
        if self._at >= len(self._text):
            raise UnportablePattern("a [ that is never closed", r"write \[ for the character")
        character = self._next()
        if character == "\\":
            begin = self._at
            java, states = self._escape(in_class=True)
            return java, states, _single(self._text[begin : self._at])
        if character == "[" or (
            character == "-" and not is_first and not self._text.startswith("]", self._at)
        ):
            raise UnportablePattern(f"{character} in a class", rf"write \{character} for the character")
        if character in "&~-" and self._text.startswith(character, self._at):
            raise UnportablePattern(character * 2 + " in a class", "write the character once")
        spelled = f"\\{character}" if character in "^&~-" else _literal(character)
        return spelled, 1 if character < "\x80" else STATES_OF_ANY, character

    def _escape(self, *, in_class: bool) -> _Part:
        r"""What follows a \."""
        if self._at >= len(self._text):
            raise UnportablePattern("a \\ at the end", r"write \\ for the character")
        letter = self._next()
        if letter in ESCAPED:
            return f"\\{letter}", 1
        if letter in "sS":
            return self._space(letter, in_class=in_class)
        if letter in CODES:
            return self._code(letter)
        if letter in "pP":
            return self._category(letter)
        if letter in STATES:
            return f"\\{letter}", STATES[letter]
        if letter.isdigit():
            raise UnportablePattern(f"a reference \\{letter}", "repeat the expression itself")
        raise UnportablePattern(f"\\{letter}", INSTEAD.get(letter, f"write {letter}"))

    def _space(self, letter: str, *, in_class: bool) -> _Part:
        if letter == "s":
            return (SPACE if in_class else f"[{SPACE}]"), 2 * STATES_OF_ANY
        if in_class:
            raise UnportablePattern(r"\S in a class", r"write (?:.|\n) for any character, or \S outside")
        return f"[^{SPACE}]", 2 * STATES_OF_ANY

    def _code(self, letter: str) -> _Part:
        digits = CODES[letter]
        code = self._text[self._at : self._at + digits]
        self._at += digits
        is_hex = len(code) == digits and all(digit in "0123456789abcdefABCDEF" for digit in code)
        if not is_hex or 0xD800 <= int(code, 16) <= 0xDFFF:
            advice = r"write \x and two hexadecimal digits, or \u and four, or the character itself"
            raise UnportablePattern(f"\\{letter}{code}", advice)
        return f"\\{letter}{code}", 1 if int(code, 16) < 0x80 else 3

    def _category(self, letter: str) -> _Part:
        end = self._text.find("}", self._at)
        name = self._text[self._at + 1 : end] if self._text.startswith("{", self._at) and end > 0 else ""
        if name not in CATEGORIES:
            advice = r"write a general category of Unicode, e.g. \p{L} for letters"
            raise UnportablePattern(f"\\{letter}{self._text[self._at : self._at + 3]}…", advice)
        self._at = end + 1
        return f"\\{letter}{{{name}}}", STATES_OF_CATEGORY

    def _next(self) -> str:
        self._at += 1
        return self._text[self._at - 1]

    def _took(self, character: str) -> bool:
        is_there = self._text.startswith(character, self._at)
        self._at += is_there
        return is_there

    def _small(self, states: int) -> int:
        if states > MOST_STATES:
            advice = "count less, and let maxLength limit the length"
            raise UnportablePattern("more than Rust compiles", advice)
        return states


def _literal(character: str) -> str:
    if "\ud800" <= character <= "\udfff":
        raise UnportablePattern("half of a surrogate pair", "write the whole character")
    return character


def _single(escape: str) -> str | None:
    r"""The character that an escape stands for; None for a class such as \d."""
    letter, code = escape[0], escape[1:]
    if letter in CODES:
        return chr(int(code, 16))
    return CONTROLS.get(letter) or (letter if letter in ESCAPED else None)
