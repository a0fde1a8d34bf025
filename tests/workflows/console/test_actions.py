"""Actions do what commands do, and say what they did."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from jobs.intake.batches import Batches
from tests.workflows.console.opened_console import console_on, opened
from tests.workflows.operations.test_batches import opened as opened_batch
from tests.workflows.operations.test_batches import rule_state, set_aside
from tests.workflows.operations.test_dead_letters import bodies, send_dead_letters
from workflows.operations import batches, parity, replay
from workflows.operations.replay import LostFile, Replay
from workflows.stack.target import Target

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from workflows.console.answering import Console


@pytest.fixture
def kept(console: Console) -> Batches:
    target = console.readings.target
    return Batches(target.client("s3"), target.output("LakeBucket"))


def test_dead_letters_of_a_reason_are_sent_back(console: Console, browser: TestClient) -> None:
    target = console.readings.target
    send_dead_letters(target, "a", "b", reason="contract-violation", message_id="m")
    send_dead_letters(target, "c", reason="broken-json", message_id="m")
    assert console.readings.depths()["inbound"] == 0

    answer = browser.post("/actions/redrive", data={"reason": "contract-violation"})

    assert "2 messages were sent back to the inbound queue, 1 stay." in answer.text
    assert bodies(target, "InboundQueueUrl") == ["a", "b"]
    assert bodies(target, "DeadLetterQueueUrl") == ["c"]
    assert console.readings.depths()["inbound"] == 2  # what was kept is forgotten


def test_a_message_that_can_not_be_sent_is_named_with_what_to_do(
    console: Console, browser: TestClient
) -> None:
    target = console.readings.target
    send_dead_letters(target, "note", reason="broken-json", message_id="49590", encoding="omitted")

    answer = browser.post("/actions/redrive", data={"reason": "broken-json"})

    assert "Not sent: 49590. SQS takes 1 MiB" in answer.text
    assert bodies(target, "InboundQueueUrl") == []


def test_a_batch_that_is_set_aside_is_retried(console: Console, browser: TestClient, kept: Batches) -> None:
    set_aside(kept, "b1", "products")

    answer = browser.post("/actions/retry-batch", data={"batch": "b1"})

    assert "as batch b1-retry" in answer.text
    assert kept.begun() == ["b1-retry"]
    assert rule_state(console.readings.target) == "ENABLED"


def test_a_batch_is_set_aside_with_a_reason_and_not_without(browser: TestClient, kept: Batches) -> None:
    opened_batch(kept, "b1", "products")

    refused = browser.post("/actions/set-batch-aside", data={"batch": "b1", "reason": " "})
    done = browser.post("/actions/set-batch-aside", data={"batch": "b1", "reason": "wrong file"})

    assert refused.status_code == 400
    assert "Nothing was changed." in refused.text
    assert "sets it aside" in done.text
    assert kept.attempts("b1").error == "by hand: wrong file"


def test_a_batch_is_replayed_and_one_that_is_gone_is_not(browser: TestClient, kept: Batches) -> None:
    opened_batch(kept, "b1", "products")

    answer = browser.post("/actions/replay-batch", data={"batch": "b1"})
    gone = browser.post("/actions/replay-batch", data={"batch": "<b>"})

    assert "1 could not be: s3://raw/drops/products/a.csv" in answer.text
    assert gone.status_code == 400
    assert "There is no batch &lt;b&gt;" in gone.text


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (Replay((), (), (), 0), "No row in quarantine is selected."),
        (
            Replay(("b",), (), (LostFile("s3://raw/a", "b", "it is gone"),), 3),
            "1 could not be: s3://raw/a: it is gone.",
        ),
    ],
)
def test_rows_of_quarantine_are_replayed_by_dataset_and_reason(
    found: Replay, words: str, browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def select(target: Target, chosen: replay.Selection, datasets: object) -> Replay:
        asked.append(chosen)
        return found

    monkeypatch.setattr(replay, "of_quarantine", select)

    answer = browser.post("/actions/replay-quarantine", data={"dataset": "products", "reason": "key:"})

    assert words in answer.text
    assert asked == [replay.Selection("products", "key:")]


def test_parity_runs_beside_the_pages_and_its_end_is_shown(
    browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def fail(target: Target, datasets: list[str], progress: Any, *, repair: bool) -> None:
        asked.append((datasets, repair))
        progress.report("comparing <products>")
        raise parity.ParityError("no certificate: the job failed")

    monkeypatch.setattr(parity, "parity", fail)

    started = browser.post("/actions/prove-parity", data={"dataset": "products", "repair": "yes"})
    deadline = time.monotonic() + 10
    while "no certificate" not in (text := browser.get("/parts/parity/progress").text):
        assert time.monotonic() < deadline, text
        time.sleep(0.01)

    assert started.status_code == 200
    assert asked == [(["products"], True)]


def test_parity_of_a_dataset_without_a_contract_is_refused(browser: TestClient) -> None:
    answer = browser.post("/actions/prove-parity", data={"dataset": "refunds"})

    assert answer.status_code == 400
    assert "No contract for" in answer.text


def test_on_aws_an_action_has_to_name_the_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    target = Target("eu-west-1", {}, None, "shop", "123456789012")
    done: list[str] = []

    def retry(target: Target, batch: str) -> str:
        done.append(batch)
        return batch

    monkeypatch.setattr(batches, "retry", retry)
    browser = opened(console_on(target))

    for given in ({}, {"stack": "other"}, {"stack": ""}):
        refused = browser.post("/actions/retry-batch", data={"batch": "b1"} | given)
        assert refused.status_code == 400
        assert "Expected the stack&#39;s name, shop. Nothing was changed." in refused.text
    assert done == []

    browser.post("/actions/retry-batch", data={"batch": "b1", "stack": "shop"})
    assert done == ["b1"]


def test_a_form_that_is_too_large_is_refused(browser: TestClient) -> None:
    assert browser.post("/actions/redrive", content=b"a" * 1_000_001).status_code == 413


def test_no_action_is_done_without_the_token_of_a_page(console: Console, browser: TestClient) -> None:
    send_dead_letters(console.readings.target, "a", reason="contract-violation", message_id="m")

    for headers in ({"x-csrf-token": "wrong"}, {"origin": "http://evil.example"}):
        assert browser.post("/actions/redrive", data={}, headers=headers).status_code == 403
    assert bodies(console.readings.target, "InboundQueueUrl") == []
