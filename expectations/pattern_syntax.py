r"""The syntax that contracts' regular expressions may use, and what to write instead of other syntax."""

MOST_TIMES = 1000  # of a count in braces
MOST_STATES = 20_000  # Rust does not compile patterns that need more than 10 MiB
DEEPEST = 30
STATES_OF_ANY = 8  # a class that reaches beyond ASCII is an automaton over the bytes of UTF-8
STATES_OF_CATEGORY = 300
SYNTAX = "^$\\.*+?()[]{}|"
ESCAPED = frozenset(SYNTAX + "/-!\"#%&',:;=@`~")
SPACE = r"\t\n\x0B\f\r \u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000\uFEFF"
CATEGORIES = frozenset(
    {"L", "M", "N", "P", "S", "Z"}
    | {f"L{kind}" for kind in "ultmo"}
    | {f"M{kind}" for kind in "nce"}
    | {f"N{kind}" for kind in "dlo"}
    | {f"P{kind}" for kind in "cdseifo"}
    | {f"S{kind}" for kind in "mcko"}
    | {f"Z{kind}" for kind in "slp"}
)
ANCHORS = {"^": "^", "$": r"\z"}
CODES = {"x": 2, "u": 4}  # letter -> number of hexadecimal digits that follow it
CONTROLS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
STATES = {"d": 1, "w": 1, "D": STATES_OF_ANY, "W": STATES_OF_ANY, **dict.fromkeys(CONTROLS, 1)}
INSTEAD = {  # letter of an escape about which engines disagree -> what to write
    "A": "write ^",
    "Z": "write $",
    "z": "write $",
    "G": "write ^",
    "b": "write the characters that may stand there, e.g. (?:^|[^a-z])",
    "B": "write the characters that may stand there",
    "h": r"write [ \t]",
    "v": r"write \x0B, or the line ends one by one",
    "R": r"write (?:\r\n|\n)",
    "a": r"write \x07",
    "e": r"write \x1B",
    "c": r"write its code, e.g. \x0A",
    "Q": r"put \ before each character that has a meaning",
    "X": "write . instead",
    "k": "repeat the expression itself",
}
GROUPS = {
    "(?<=": "look behind: match the text before as well",
    "(?<!": "look behind: match the text before as well",
    "(?P=": "repeat the expression itself",
    "(?P": "write (…) without a name",
    "(?<": "write (…) without a name",
    "(?>": "write (?:…)",
}
