"""What results of Great Expectations say about a rule."""

from typing import Any, cast

import pytest

from jobs.quality.results import error_messages, rule_name


class Result:
    """A result as `error_messages` reads it."""

    def __init__(self, info: Any) -> None:
        self.exception_info = info


@pytest.mark.parametrize(
    ("info", "messages"),
    [
        (None, []),
        ({"raised_exception": False}, []),
        ({"raised_exception": True, "exception_message": " no column "}, ["no column"]),
        ({"metric": {"raised_exception": True, "exception_message": "a"}, "other": {}}, ["a"]),
    ],
)
def test_the_errors_of_a_rule_or_of_its_metrics_are_found(info: Any, messages: list[str]) -> None:
    assert list(error_messages(cast(Any, Result(info)))) == messages


def test_an_expectation_knows_its_rule() -> None:
    assert rule_name({"rule": "amount.range"}) == "amount.range"
