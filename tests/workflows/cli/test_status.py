"""`glueline status` on stacks that are good, and on each that is not; its exit code and its JSON."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest

from expectations.problems import GluelineError
from jobs.intake.batches import Batches
from jobs.intake.manifest import Manifest
from tests.workflows.cli.calling import call
from tests.workflows.console.opened_console import with_databases
from tests.workflows.empty_stack import empty_stack
from tests.workflows.local.lifecycle.test_status import STATE
from workflows.console import statements
from workflows.console.readings import Readings
from workflows.local.lifecycle import stack
from workflows.local.lifecycle.status import StackState
from workflows.stack import target as targets

if TYPE_CHECKING:
    from workflows.stack.target import Target

NOW: Final = datetime.now(UTC)
TODAY: Final = {"dataset": "products", "day": NOW, "accepted": 98, "quarantined": 2}
PROVED: Final = {"dataset": "products", "verified_through": NOW - timedelta(hours=1), "ok": True}


class Bookkeeping:
    """The rows of `lake_ops` that a stack has; its other parts are in moto."""

    def __init__(self) -> None:
        self.rows: dict[str, list[dict[str, Any]]] = {
            statements.DAY_COUNTS: [TODAY],
            statements.NEWEST_CERTIFICATES: [PROVED],
        }
        self.jobs: dict[str, str] = {}


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Bookkeeping:
    kept = Bookkeeping()
    monkeypatch.setattr(Readings, "bookkeeping", lambda _, sql, **parts: kept.rows.get(sql, []))
    monkeypatch.setattr(Readings, "table_rows", lambda _, names: dict.fromkeys(names, 100))
    monkeypatch.setattr(Readings, "failed_jobs", lambda _: kept.jobs)
    monkeypatch.setattr(Readings, "alarms", lambda _: [])
    return kept


@pytest.fixture
def target(aws: str, monkeypatch: pytest.MonkeyPatch, kept: Bookkeeping) -> Target:
    target = empty_stack(aws)
    with_databases(target)
    monkeypatch.delenv("GLUELINE_STACK", raising=False)
    monkeypatch.setattr(targets, "connect", lambda name: target)
    monkeypatch.setattr(stack, "status", lambda: STATE)
    return target


def first_lines() -> tuple[int, list[str]]:
    result = call("status")
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.stdout.splitlines()


@pytest.mark.usefixtures("target")
def test_a_good_stack_is_0_and_its_quarantined_rows_are_counted() -> None:
    code, lines = first_lines()

    assert (code, lines[0]) == (
        0,
        "Nothing is wrong. 2 rows were quarantined today (glueline console shows why).",
    )
    assert any(line.split()[:3] == ["products", "good", "100"] for line in lines)


@pytest.mark.usefixtures("target")
def test_a_failed_job_is_wrong(kept: Bookkeeping) -> None:
    kept.jobs = {"merge": "no space"}

    code, lines = first_lines()

    assert (code, lines[0]) == (1, "1 thing is wrong:")
    assert "the last run of the job merge failed: no space" in lines[1]


def test_dead_letters_are_wrong(target: Target) -> None:
    target.client("sqs").send_message(QueueUrl=target.output("DeadLetterQueueUrl"), MessageBody="{}")

    code, lines = first_lines()

    assert code == 1
    assert lines[1].split("  ")[1:] == ["1 dead letter", "glueline redrive --dry-run"]


@pytest.mark.usefixtures("target")
def test_much_quarantine_is_wrong(kept: Bookkeeping) -> None:
    kept.rows[statements.DAY_COUNTS] = [TODAY | {"accepted": 60, "quarantined": 40}]

    code, lines = first_lines()

    assert code == 1
    assert "products: 40 of 100 rows were rejected today." in lines[1]


@pytest.mark.parametrize(
    ("certificate", "words", "do"),
    [
        (
            PROVED | {"verified_through": NOW - timedelta(days=4)},
            "older than three days",
            "glueline parity products",
        ),
        (PROVED | {"ok": False}, "found keys that differ", "glueline parity products --repair"),
    ],
)
@pytest.mark.usefixtures("target")
def test_stale_and_failed_parity_are_wrong(
    kept: Bookkeeping, certificate: dict[str, Any], words: str, do: str
) -> None:
    kept.rows[statements.NEWEST_CERTIFICATES] = [certificate]

    code, lines = first_lines()

    assert code == 1
    assert words in lines[1]
    assert lines[-1] == f"Next: {do}"


def test_a_batch_that_is_set_aside_is_wrong(target: Target) -> None:
    batches = Batches(target.client("s3"), target.output("LakeBucket"))
    manifest = Manifest("b2", "2026-11-30T12:00:00+00:00")
    batches.open(manifest)
    batches.close("b2")
    batches.set_aside("b2", "no such column", manifest.begun)

    code, lines = first_lines()

    assert code == 1
    assert "a batch is set aside: no such column" in lines[1]
    assert lines[1].endswith("glueline batches list")


def test_what_can_not_be_read_is_wrong_and_the_rest_is_shown(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    target.outputs.pop("InboundQueueUrl")

    code, lines = first_lines()

    assert code == 1
    assert "queues can't be read: The stack has no output InboundQueueUrl" in lines[1]
    assert any(line.startswith("products") for line in lines)


@pytest.mark.usefixtures("target")
@pytest.mark.parametrize(
    ("reading", "shown"),
    [
        ("day_counts", ["not known", "100", "-", "-", "-"]),
        ("table_rows", ["not known", "-", "-", "98", "2"]),
        ("newest_certificates", ["not known", "100", "-", "98", "2", "-"]),
        ("unmerged", ["not known", "100", "-", "98", "2"]),
    ],
)
def test_what_can_not_be_read_is_not_shown_as_zero_or_as_good(
    monkeypatch: pytest.MonkeyPatch, reading: str, shown: list[str]
) -> None:
    def fail(*_: Any) -> Any:
        raise GluelineError("Athena does not answer")

    monkeypatch.setattr(Readings, reading, fail)

    _, lines = first_lines()
    [products] = [re.split(r"  +", line) for line in lines if line.startswith("products")]
    assert products[1 : len(shown) + 1] == shown
    answer = json.loads(call("status", "--json").stdout)
    [products] = [one for one in answer["datasets"] if one["dataset"] == "products"]
    assert products["accepted_today"] == (None if reading == "day_counts" else 98)
    assert products["health"]["tone"] == "none"


def test_drift_is_said_whatever_else_can_not_be_read(
    target: Target, kept: Bookkeeping, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> Any:
        raise GluelineError("Athena does not answer")

    kept.rows[statements.NEWEST_CERTIFICATES] = [PROVED | {"ok": False}]
    monkeypatch.setattr(Readings, "table_rows", fail)

    _, lines = first_lines()
    assert any(line.startswith("products") and "drift" in line for line in lines)


def test_a_stopped_stack_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GLUELINE_STACK", raising=False)
    monkeypatch.setattr(stack, "status", lambda: StackState(False, {"folder": "/logs"}))

    code, lines = first_lines()

    assert (code, lines[1]) == (1, "  no stack is running  make up")


@pytest.mark.usefixtures("target")
def test_json_says_what_is_wrong_and_has_the_datasets_and_the_stack(kept: Bookkeeping) -> None:
    kept.jobs = {"merge": "no space"}

    result = call("status", "--json")

    found = json.loads(result.stdout)
    assert result.exit_code == 1
    assert found["wrong"] == [
        {"what": "the last run of the job merge failed: no space", "do": "glueline batches list"}
    ]
    assert {one["dataset"] for one in found["datasets"]} >= {"products", "transactions"}
    assert found["endpoint_url"] == STATE.endpoint_url
