"""Every exemption from a security rule has its reason on the same line."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
UNEXPLAINED = re.compile(r"# noqa:[^#]*\bS\d{3}(?![^#]* --? \w)")


def test_every_exemption_from_a_security_rule_has_its_reason() -> None:
    sources = [
        path
        for package in ("expectations", "jobs", "lambdas", "workflows", "tests")
        for path in (ROOT / package).rglob("*.py")
        if ".aws-sam" not in path.parts
    ]
    unexplained = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in sources
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if UNEXPLAINED.search(line)
    ]

    assert len(sources) > 200
    assert unexplained == []
