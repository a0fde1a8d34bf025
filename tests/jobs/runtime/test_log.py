"""The log of a job is lines of JSON."""

import json
from datetime import UTC, datetime

import pytest

from jobs.runtime.log import log, step


def logged(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    """The one line of the log, without its timestamp."""
    line: dict[str, object] = json.loads(capsys.readouterr().out)
    assert datetime.fromisoformat(str(line.pop("timestamp"))).tzinfo == UTC
    return line


def test_a_line_is_json_and_names_its_subject(capsys: pytest.CaptureFixture[str]) -> None:
    log("file checked", batch_id="wr_1", source_file="s3://raw/drops/products/é\n.csv")

    assert logged(capsys) == {
        "message": "file checked",
        "batch_id": "wr_1",
        "source_file": "s3://raw/drops/products/é\n.csv",
    }


def test_a_value_without_a_json_type_is_logged_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    log("in flight", until=datetime(2026, 11, 24, tzinfo=UTC))

    assert logged(capsys) == {"message": "in flight", "until": "2026-11-24 00:00:00+00:00"}


def test_a_step_logs_its_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    with step("merge: products", dataset="products"):
        pass

    assert logged(capsys) == {"message": "merge: products", "dataset": "products", "seconds": 0.0}


def test_an_error_has_notes_of_the_steps_in_which_it_was_raised() -> None:
    with pytest.raises(ValueError, match="broken") as caught, step("batch b"), step("products"):
        raise ValueError("broken")

    assert caught.value.__notes__ == ["while: products", "while: batch b"]
