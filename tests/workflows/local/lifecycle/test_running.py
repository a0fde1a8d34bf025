"""Which stack is running, and what the answers of an embedded AWS mean."""

import json
import os
from pathlib import Path

import pytest

from workflows.local.base.errors import StackError
from workflows.local.base.home import Home
from workflows.local.lifecycle.running import Stack, is_healthy, running_stack, spark_state

NOBODY = "http://127.0.0.1:9"
STACK = Stack(
    NOBODY, "us-east-1", {"RawBucket": "raw"}, 7, "2026-11-24T12:00:00", "/contracts", notice="Ready."
)


def test_the_file_of_a_stack_is_read_as_it_was_written_without_its_notice() -> None:
    assert Stack.from_json(STACK.to_json()) == STACK
    assert set(json.loads(STACK.to_json())) == {
        *("endpoint_url", "region", "outputs", "pid", "started_at", "contracts", "as_aws")
    }


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"pid": 1}', '{"endpoint_url": 1, "more": 2}'])
def test_a_damaged_file_is_no_stack(text: str, tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.stack_file.write_text(text)

    assert running_stack(home) is None


def test_a_process_without_the_mark_is_no_stack(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.stack_file.write_text(Stack(NOBODY, "us-east-1", {}, os.getppid(), "").to_json())

    assert running_stack(home) is None


def test_a_stack_says_its_mode() -> None:
    continuous = Stack(NOBODY, "us-east-1", {"IngestMode": "continuous"}, 7, "")

    assert (STACK.mode, continuous.mode) == ("workflow", "continuous")


def test_an_embedded_aws_that_does_not_answer_is_an_error_with_what_to_do() -> None:
    assert not is_healthy(NOBODY)
    with pytest.raises(StackError, match=r"does not answer at http://127\.0\.0\.1:9 .*make down, make up"):
        spark_state(NOBODY)
