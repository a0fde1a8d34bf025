"""The pages of what was rejected; what was rejected may be hostile."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.workflows.operations.test_dead_letters import send_dead_letters
from workflows.console.views.quarantine import NO_DATASET

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from workflows.console.answering import Console

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'"
GROUP = {"dataset": "products", "rule": "key", "day": NOON, "rows": 2, "files": 1}


def rejected(
    payload: str, reason: str = "key: column product_id: expected a value, got none"
) -> dict[str, Any]:
    return {
        "dataset": "products",
        "reasons": reason,
        "payload": payload,
        "source_file": HOSTILE,
        "row_number": 1,
        "batch_id": HOSTILE,
        "quarantined_at": NOON,
    }


def with_answers(
    console: Console, patch: pytest.MonkeyPatch, rows: list[dict[str, Any]]
) -> list[dict[str, str]]:
    """Let every statement have these rows; the parts of the statements that are asked."""
    asked: list[dict[str, str]] = []

    def answer(sql: str, **parts: str) -> list[dict[str, Any]]:
        asked.append(parts)
        return rows

    patch.setattr(console.readings, "bookkeeping", answer)
    return asked


def test_a_rule_leads_to_its_rows_and_to_the_command(
    console: Console, browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_answers(console, monkeypatch, [GROUP, GROUP | {"dataset": None, "rule": "intake's"}])

    text = browser.get("/parts/quarantine").text

    assert "/quarantine?dataset=products&rule=key#samples" in text
    assert "glueline replay --quarantine --dataset products --reason key:" in text
    assert f'<th scope="row">{NO_DATASET}</th>' in text
    assert "--reason &#39;intake&#39;&#34;&#39;&#34;&#39;s:&#39;" in text


@pytest.mark.parametrize(
    "payload", [HOSTILE, json.dumps({"product_id": HOSTILE, HOSTILE: 1}), json.dumps([HOSTILE])]
)
def test_a_hostile_payload_is_shown_and_does_not_become_markup(
    payload: str, console: Console, browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_answers(console, monkeypatch, [rejected(payload, f"key: column product_id: got '{HOSTILE}'")])

    text = browser.get("/parts/quarantine/samples?dataset=products&rule=key").text

    assert "&lt;script&gt;alert(1)" in text
    assert "<script" not in text
    assert "<img" not in text


def test_what_is_asked_for_is_quoted_in_the_statement(
    console: Console, browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = with_answers(console, monkeypatch, [])

    browser.get("/parts/quarantine/samples", params={"dataset": "a' or true --{x}", "rule": "k'"})
    browser.get("/parts/quarantine/samples", params={"dataset": NO_DATASET})

    assert asked[0]["conditions"].startswith(" and dataset = 'a'' or true --{x}' and strpos(")
    assert "'k'':'" in asked[0]["conditions"]
    assert asked[1]["conditions"] == " and dataset is null"


def test_restricted_values_are_shown_only_if_asked_for(
    console: Console, browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_answers(console, monkeypatch, [rejected('{"household_id": 501, "quantity": -1}')])
    of_transactions = "/parts/quarantine/samples?dataset=transactions&rule=key"

    assert "501" not in browser.get(of_transactions).text
    assert "501" in browser.get(f"{of_transactions}&restricted=shown").text
    assert "501" not in browser.get(f"/parts/quarantine/samples?dataset={NO_DATASET}").text


def test_dead_letters_say_why_by_today_s_contracts(console: Console, browser: TestClient) -> None:
    target = console.readings.target
    send_dead_letters(target, HOSTILE, reason="broken-json", message_id="m")
    data = {"household_id": 501, "quantity": -1, "basket_id": 1, "product_id": 1}
    event = {"specversion": "1.0", "id": "1", "source": "s", "type": "transactions.upsert", "data": data}
    send_dead_letters(target, json.dumps(event), reason="contract-violation", message_id="n")

    hidden = browser.get("/parts/dead-letters").text
    shown = browser.get("/parts/dead-letters?restricted=shown").text

    assert "2 dead letters" in hidden
    assert "glueline redrive --reason contract-violation" in hidden
    assert "-1 is less than the minimum of 0" in hidden
    assert "<mark>-1</mark>" in hidden
    assert "501" not in hidden
    assert "501" in shown
    assert "<script" not in hidden + shown
    assert "&lt;script&gt;" in shown


def test_dead_letters_in_base64_show_their_text_and_hide_what_is_restricted(
    console: Console, browser: TestClient
) -> None:
    target = console.readings.target
    event = '{"type": "transactions.upsert", "data": {"household_id": 501, "store_id": 3177}, "a": "\uffff"}'
    broken = b'\xff {"household_id": 501}'
    for data in (event.encode(), broken):
        body = base64.b64encode(data).decode()
        send_dead_letters(target, body, reason="not-text", message_id="m", encoding="base64")
    send_dead_letters(target, "note", reason="broken-json", message_id="49590", encoding="omitted")

    hidden = browser.get("/parts/dead-letters").text
    shown = browser.get("/parts/dead-letters?restricted=shown").text

    assert "3177" in hidden
    assert "501" not in hidden
    assert shown.count("501") >= 2
    assert "\ufffd" in shown
    assert "message 49590" in hidden
    assert "SQS takes 1 MiB" in hidden


def test_an_empty_queue_and_an_empty_quarantine_say_so(
    console: Console, browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_answers(console, monkeypatch, [])

    assert "The dead-letter queue is empty." in browser.get("/parts/dead-letters").text
    assert "Nothing is in quarantine" in browser.get("/parts/quarantine").text
    assert browser.get("/parts/quarantine/samples").status_code == 404
