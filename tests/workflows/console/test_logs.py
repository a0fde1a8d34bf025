"""The logs of a batch are those that mention it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from workflows.console.logs import MOST_LINES, RunLog, logs_of_batch

if TYPE_CHECKING:
    from pathlib import Path


def test_the_logs_that_mention_a_batch_are_shown_in_order_of_time(tmp_path: Path) -> None:
    texts = {"merge/b.log": "merged b1\n\xff", "check/a.log": "checked b1", "check/c.log": "checked b2"}
    for at, (name, text) in enumerate(reversed(texts.items())):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(text.encode("latin-1"))
        os.utime(file, (at, at))

    assert logs_of_batch(tmp_path, "b1") == [
        RunLog("check/a.log", "checked b1", is_cut=False),
        RunLog("merge/b.log", "merged b1\n\ufffd", is_cut=False),
    ]


def test_a_long_log_is_cut_at_its_beginning(tmp_path: Path) -> None:
    (tmp_path / "check").mkdir()
    (tmp_path / "check" / "a.log").write_text("b1\n" * (MOST_LINES + 5))

    [found] = logs_of_batch(tmp_path, "b1")

    assert found.is_cut
    assert len(found.text.splitlines()) == MOST_LINES


def test_without_runs_there_are_no_logs(tmp_path: Path) -> None:
    assert logs_of_batch(tmp_path / "nothing", "b1") == []
