"""The pages about the whole stack, of a stack in this process."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from jobs.intake.batches import Batches
from tests.workflows.console.opened_console import console_on, opened, with_rows
from tests.workflows.empty_stack import empty_stack
from tests.workflows.operations.test_batches import set_aside
from workflows.console import pages
from workflows.console.actions import PARITY
from workflows.console.security import FOREIGN_POLICY

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.testclient import TestClient

    from workflows.console.answering import Console

NOW = datetime.now(UTC)
HOSTILE = "<script>alert(1)</script>"
COUNTS = {"rows_read": 12, "accepted": 10, "quarantined": 2}
DAY = COUNTS | {"dataset": "products", "day": NOW}
BATCH = COUNTS | {"batch_id": "b1", "datasets": "products", "doors": "drop", "files": 1, "checked_at": NOW}


@pytest.fixture
def console(aws: str, monkeypatch: pytest.MonkeyPatch) -> Console:
    console = console_on(empty_stack(aws))
    with_rows(monkeypatch, console.readings, DAY_COUNTS=[DAY], BATCH_COUNTS=[BATCH])
    monkeypatch.setattr(console.readings, "counts_of", lambda name: [BATCH] if name == "b1" else [])
    monkeypatch.setattr(console.readings, "table_rows", lambda names: dict.fromkeys(names, 92331))
    return console


def test_the_overview_is_painted_before_anything_is_asked(console: Console) -> None:
    answer = opened(console).get("/")

    assert answer.status_code == 200
    assert 'hx-get="/parts/attention"' in answer.text
    assert "92,331" not in answer.text


def test_each_dataset_has_its_numbers(console: Console) -> None:
    text = opened(console).get("/parts/datasets").text

    assert "92,331" in text
    assert 'href="/quarantine?dataset=products"' in text
    assert "rejecting" in text
    assert "2 of 12 rows were rejected today." in text


def test_what_is_wrong_is_said_first(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    target = console.readings.target
    set_aside(Batches(target.client("s3"), target.output("LakeBucket")), "b9", "products")
    target.client("sqs").send_message(QueueUrl=target.output("DeadLetterQueueUrl"), MessageBody="x")
    ringing = {
        "AlarmName": "glueline-drift",
        "StateValue": "ALARM",
        "AlarmDescription": "<b>Keys differ.</b>",
    }
    monkeypatch.setattr(console.readings, "alarms", lambda: [ringing])

    text = opened(console).get("/parts/attention").text

    assert "A batch is set aside" in text
    assert "1 dead letters" in text
    assert "&lt;b&gt;Keys differ.&lt;/b&gt;" in text


def test_what_can_t_be_read_is_said_in_words(console: Console) -> None:
    answer = opened(console).get("/parts/attention")  # this stack has no topic of alarms

    assert answer.status_code == 400
    assert "The stack has no output AlertTopicArn" in answer.text
    assert "Traceback" not in answer.text


def test_every_page_of_a_new_stack_says_that_there_is_nothing_yet(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_rows(monkeypatch, console.readings)
    browser = opened(console)

    assert "No batch was checked in the last days." in browser.get("/parts/batches").text
    assert "Every batch is merged." in browser.get("/parts/batches/unmerged").text
    assert "No rule was evaluated in the last days." in browser.get("/parts/quality").text
    assert "not compared yet" in browser.get("/parts/parity").text
    assert "No day is out of the ordinary." in browser.get("/parts/quality/volume").text
    assert browser.get("/parts/parity/progress").text.strip() == ""


def test_the_drawing_counts_every_stage(console: Console) -> None:
    text = opened(console).get("/parts/flow").text

    assert "276,993" in text  # of three tables
    assert 'aria-label="quarantine: 2 rows today"' in text


def test_a_batch_shows_its_files_and_what_can_be_done(console: Console) -> None:
    target = console.readings.target
    set_aside(Batches(target.client("s3"), target.output("LakeBucket")), "b9", "products")
    browser = opened(console)

    text = browser.get("/parts/batches/one/b9").text

    assert "It is set aside." in text
    assert "drops/products/a.csv" in text
    assert "glueline batches retry b9" in text
    assert "/actions/set-batch-aside" not in text
    assert browser.get("/parts/batches/one/nothing").status_code == 404


def test_numbers_of_a_batch_whose_manifest_is_gone_are_still_there(console: Console) -> None:
    text = opened(console).get("/parts/batches/one/b1").text

    assert "<b>12</b>" in text
    assert "retention has removed it" in text


def test_the_log_of_a_batch_is_that_of_its_runs(
    console: Console, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "jobs" / "check").mkdir(parents=True)
    (tmp_path / "jobs" / "check" / "jr_1.log").write_text("<b>checked</b> wr_1")
    monkeypatch.setattr(pages, "DEFAULT", SimpleNamespace(logs=tmp_path))
    browser = opened(console)

    assert "&lt;b&gt;checked&lt;/b&gt; wr_1" in browser.get("/parts/batches/log/wr_1").text
    assert "No log here mentions it." in browser.get("/parts/batches/log/wr_2").text


def test_data_docs_are_served_without_their_scripts_and_nothing_beside_them(
    console: Console, browser: TestClient
) -> None:
    target = console.readings.target
    for key in ("quality/docs/index.html", "secret.html"):
        target.client("s3").put_object(Bucket=target.output("LakeBucket"), Key=key, Body=HOSTILE.encode())

    answer = browser.get("/docs/index.html")

    assert answer.text == HOSTILE
    assert answer.headers["content-security-policy"] == FOREIGN_POLICY
    for path in (
        "/docs/../../secret.html",
        "/docs/%2e%2e/%2e%2e/secret.html",
        "/docs/x/..%2f..%2f..%2fsecret.html",
    ):
        assert HOSTILE not in browser.get(path).text


@pytest.mark.parametrize(("is_good", "words"), [(True, "Certified."), (False, "It differs.")])
def test_the_end_of_a_comparison_is_shown_once_and_in_its_colour(
    browser: TestClient, console: Console, is_good: bool, words: str
) -> None:
    job = console.jobs.start(PARITY, lambda report: is_good)
    while not job.is_done:
        time.sleep(0.005)

    polled = browser.get("/parts/parity/progress").text

    assert words in polled
    assert f'class="note {"good" if is_good else "bad"}"' in polled
    assert browser.get("/parts/parity/progress?opened=yes").text.strip() == ""


@pytest.mark.parametrize(
    ("number", "words"), [(2, "Batches of the last 14 days"), (3, "The newest 3 batches")]
)
def test_a_list_of_batches_that_is_cut_says_so(
    console: Console, monkeypatch: pytest.MonkeyPatch, number: int, words: str
) -> None:
    monkeypatch.setattr("workflows.console.pages.MOST_BATCHES", 3)
    many = [BATCH | {"batch_id": f"b{place}"} for place in range(number)]
    with_rows(monkeypatch, console.readings, BATCH_COUNTS=many)

    text = opened(console).get("/parts/batches").text

    assert text.count('href="/batches/b') == number
    assert words in text


def test_a_stack_whose_batches_are_older_than_the_lists_is_not_said_to_have_none(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console.readings, "alarms", list)
    assert "<span>a batch was checked</span>" in opened(console).get("/parts/attention").text

    with_rows(monkeypatch, console.readings)
    text = opened(console).get("/parts/attention").text
    assert "never" not in text
    assert "was checked in the last 14 days" in text
