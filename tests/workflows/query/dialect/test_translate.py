"""SELECTs of Athena on the local engine: the answers that Athena's engine gave.

`answers.jsonl` has the answers of Trino 476, the engine of Athena's version 3, over the tables of `baskets`.
Decimals and times are text, binary is hexadecimal.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from tests.workflows.query.dialect.answering import answer, assert_answer, assert_refused

ANSWERS: Final = [
    json.loads(line) for line in Path(__file__).with_name("answers.jsonl").read_text().splitlines()
]
LACKING: Final = ("format_number", "approx_most_frequent")  # not supported here


@pytest.mark.parametrize("case", [pytest.param(one, id=one["sql"][:80]) for one in ANSWERS])
def test_an_answer_is_that_of_athenas_engine(case: dict[str, Any]) -> None:
    if any(name in case["sql"] for name in LACKING):
        assert_refused(case["sql"], "is not supported here")
        return

    assert answer(case["sql"])[0] == case["columns"]
    assert_answer(case["sql"], case["rows"])
