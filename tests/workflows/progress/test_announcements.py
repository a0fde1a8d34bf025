"""Messages about files, as S3 put them in the intake queue, and the event that starts the workflow."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from jobs.intake.manifest import ManifestFile
from tests.workflows.empty_stack import empty_stack
from tests.workflows.landed_files import announced, land
from workflows.progress.announcements import AnnouncementError, announce, object_created

if TYPE_CHECKING:
    from workflows.stack.target import Target

AT = "2026-11-24T10:00:00+00:00"


@pytest.fixture
def target(aws: str) -> Target:
    return empty_stack(aws)


def test_the_workflow_starts_after_all_messages_are_sent(target: Target) -> None:
    sent: list[tuple[list[dict[str, Any]], int]] = []
    enabled: list[str] = []

    class Events:
        def enable_rule(self, Name: str) -> None:
            enabled.append(Name)

        def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, int]:
            sent.append((Entries, len(announced(target))))
            return {"FailedEntryCount": 0}

    class StackWithEvents:
        def client(self, service: str) -> Any:
            return Events() if service == "events" else target.client(service)

        def output(self, name: str) -> str:
            return target.output(name)

    stack: Any = StackWithEvents()
    announce(stack, [land(target, f"drops/products/{number}.csv") for number in range(23)])

    [([event], messages)] = sent
    source = f"glueline.{target.output('BacklogRule')}"
    assert (event["Source"], event["DetailType"]) == (source, "Intake Backlog")
    assert messages == 23
    assert enabled == [target.output("BacklogRule")]


def test_messages_that_the_queue_refused_are_counted(target: Target) -> None:
    class FullQueue:
        def send_message_batch(self, QueueUrl: str, Entries: list[dict[str, str]]) -> dict[str, Any]:
            return {"Failed": [{"Id": "0", "Code": "Throttled"}]}

        def enable_rule(self, Name: str) -> None: ...

        def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, int]:
            return {"FailedEntryCount": 0}

    class Refusing:
        def client(self, service: str) -> Any:
            return FullQueue()

        def output(self, name: str) -> str:
            return name

    refusing: Any = Refusing()
    with pytest.raises(AnnouncementError, match=r"refused 1 of 1 messages \(Throttled\)"):
        announce(refusing, [land(target, "drops/products/a.csv")])


def test_the_event_matches_the_rule_for_landed_objects() -> None:
    file = ManifestFile("raw", "drops/products/a.csv", "e", None, 1, AT, "products", "drop", "csv")

    event = json.loads(object_created(file))

    assert (event["source"], event["detail-type"]) == ("aws.s3", "Object Created")
    assert event["detail"]["bucket"] == {"name": "raw"}
    assert event["detail"]["object"] == {"key": "drops/products/a.csv", "size": 1, "etag": "e"}
