"""What a job says while it works."""

import json
from datetime import UTC, datetime

import pytest

from jobs.runtime.log import say, step


def said(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    """The one line, without its time."""
    line: dict[str, object] = json.loads(capsys.readouterr().out)
    assert datetime.fromisoformat(str(line.pop("timestamp"))).tzinfo == UTC
    return line


def test_a_line_is_json_and_names_what_it_is_about(capsys: pytest.CaptureFixture[str]) -> None:
    say("file checked", batch_id="wr_1", source_file="s3://raw/drops/products/é\n.csv")

    assert said(capsys) == {
        "message": "file checked",
        "batch_id": "wr_1",
        "source_file": "s3://raw/drops/products/é\n.csv",
    }


def test_what_json_has_no_word_for_is_said_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    say("in flight", until=datetime(2026, 11, 24, tzinfo=UTC))

    assert said(capsys) == {"message": "in flight", "until": "2026-11-24 00:00:00+00:00"}


def test_a_step_says_its_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    with step("merge: products", dataset="products"):
        pass

    assert said(capsys) == {"message": "merge: products", "dataset": "products", "seconds": 0.0}


def test_an_error_says_in_which_steps_it_happened() -> None:
    with pytest.raises(ValueError, match="broken") as caught, step("batch b"), step("products"):
        raise ValueError("broken")

    assert caught.value.__notes__ == ["while: products", "while: batch b"]
