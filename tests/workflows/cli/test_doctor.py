"""The command doctor: what it prints, when it sends a test event, and its exit code."""

from __future__ import annotations

import json

import pytest

from tests.workflows.cli.calling import call
from workflows.cli import doctor as command
from workflows.deploy.findings import Finding, fine, warning, wrong
from workflows.doctor import checks, journey
from workflows.stack import target

LOCAL = target.Target("us-east-1", {}, "http://127.0.0.1:1")


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> list[Finding]:
    """What the checks find; a test event arrives."""
    findings = [fine("stack", "runs")]
    monkeypatch.setattr(target, "connect", lambda stack: LOCAL)
    monkeypatch.setattr(checks, "checks", lambda _: iter(findings))
    monkeypatch.setattr(journey, "make_event", lambda contracts: None)
    monkeypatch.setattr(journey, "journey", lambda *_: iter([fine("test event", "arrived")]))
    return findings


def test_all_is_fine(found: list[Finding]) -> None:
    result = call("doctor")

    assert result.exit_code == 0
    assert "fine         stack: runs" in result.stdout
    assert "test event" not in result.stdout


def test_a_warning_is_no_failure_and_a_wrong_finding_is(found: list[Finding]) -> None:
    found.append(warning("alarms", "one rings"))
    assert call("doctor").exit_code == 0
    found.append(wrong("jobs", "failed"))
    assert call("doctor").exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "given", "sent"),
    [(["--event"], "", True), (["--no-event"], "y\n", False), ([], "y\n", True), ([], "n\n", False)],
)
@pytest.mark.usefixtures("found")
def test_a_test_event_is_sent_with_consent_only(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], given: str, sent: bool
) -> None:
    monkeypatch.setattr(command, "is_interactive", lambda: True)

    result = call("doctor", *arguments, given=given)

    assert ("test event: arrived" in result.stdout) is sent


@pytest.mark.usefixtures("found")
def test_json_has_each_finding() -> None:
    printed = json.loads(call("doctor", "--json", "--event").stdout)

    assert printed[1] == {"verdict": "fine", "subject": "test event", "message": "arrived"}


@pytest.mark.usefixtures("found")
def test_without_a_possible_event_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> None:
        raise journey.NoTestEvent("no key can be made up")

    monkeypatch.setattr(journey, "make_event", refuse)

    result = call("doctor", "--event")

    assert result.exit_code == 0
    assert "not checked  test event: no key can be made up" in result.stdout
