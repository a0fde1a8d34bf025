"""Resources of the template are created, changed and deleted by CloudFormation's handlers."""

from typing import Any

import pytest

from tests.workflows.local.glue.builders import NOON
from workflows.local.glue.api import answer
from workflows.local.glue.engine import Glue
from workflows.local.ministack.cloudformation import (
    alarm_handlers,
    glue_handlers,
    importable_handlers,
    named_query_handlers,
    refusing_handlers,
    security_configuration_handlers,
)

JOB = {"Name": "check", "Role": "r", "Command": {"ScriptLocation": "s3://code/check.py"}, "MaxRetries": "1"}
TRIGGER = {"Name": "t", "Type": "EVENT", "WorkflowName": "flow", "Actions": [{"JobName": "check"}]}
BATCHING = {"EventBatchingCondition": {"BatchSize": "10", "BatchWindow": "2"}}


@pytest.fixture
def glue() -> Glue:
    return Glue()


def handlers(glue: Glue, kind: str) -> dict[str, Any]:
    all_handlers = glue_handlers(
        lambda operation, request: answer(glue, operation, request, NOON),
        lambda stack, logical_id: f"{stack}-{logical_id}",
    )
    return all_handlers[f"AWS::Glue::{kind}"]


def test_a_trigger_keeps_its_batching_condition(glue: Glue) -> None:
    handlers(glue, "Trigger")["create"]("Trigger", {**TRIGGER, **BATCHING}, "stack")

    assert (glue.triggers.named["t"].batching.size, glue.triggers.named["t"].batching.window) == (10, 2)


def test_a_resource_without_a_name_gets_one_from_stack_and_logical_id(glue: Glue) -> None:
    name, _ = handlers(glue, "Workflow")["create"]("Ingest", {"MaxConcurrentRuns": 1}, "stack")

    assert name == "stack-Ingest"
    assert glue.workflows[name].max_concurrent_runs == 1


def test_an_update_changes_a_resource_in_place(glue: Glue) -> None:
    for kind, old, new in (
        ("Job", JOB, {**JOB, "MaxRetries": "2"}),
        ("Trigger", TRIGGER, {**TRIGGER, **BATCHING}),
        ("Workflow", {"Name": "flow"}, {"Name": "flow", "MaxConcurrentRuns": 3}),
    ):
        handlers(glue, kind)["create"]("Logical", old, "stack")
        assert handlers(glue, kind)["update"](old["Name"], old, new, "stack", "Logical") == (old["Name"], {})

    assert glue.jobs["check"].max_retries == 2
    assert glue.triggers.named["t"].batching.size == 10
    assert glue.workflows["flow"].max_concurrent_runs == 3


def test_a_new_name_replaces_the_resource(glue: Glue) -> None:
    job = handlers(glue, "Job")
    job["create"]("Check", JOB, "stack")

    name, _ = job["update"]("check", JOB, {**JOB, "Name": "verify"}, "stack", "Check")

    assert name == "verify"
    assert list(glue.jobs) == ["verify"]


def test_a_deleted_resource_is_gone_and_deleting_it_again_is_no_error(glue: Glue) -> None:
    trigger = handlers(glue, "Trigger")
    trigger["create"]("Trigger", TRIGGER, "stack")

    trigger["delete"]("t", TRIGGER)
    trigger["delete"]("t", TRIGGER)

    assert glue.triggers.named == {}


def test_a_refusal_reaches_cloudformation_with_its_reason(glue: Glue) -> None:
    with pytest.raises(ValueError, match=r"trigger t: Actions: .*\(Service: Glue, InvalidInputException\)"):
        handlers(glue, "Trigger")["create"]("Trigger", {**TRIGGER, "Actions": []}, "stack")


class FakeService:
    """A fake MiniStack service, which answers with a status and keeps the requests."""

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.requests: list[dict[str, Any]] = []

    def _take(self, request: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        self.requests.append(request)
        return self.status, {}, b'{"NamedQueryId": "q1"}'

    _create_named_query = _delete_named_query = _take
    _create_security_configuration = _delete_security_configuration = _take


def test_a_named_query_is_replaced_when_it_changes() -> None:
    athena = FakeService()
    query = named_query_handlers(athena)
    assert query["create"]("All", {"Name": "all"}, "stack") == ("q1", {"NamedQueryId": "q1"})

    query["update"]("q1", {"Name": "all"}, {"Name": "every"}, "stack", "All")

    assert athena.requests == [{"Name": "all"}, {"NamedQueryId": "q1"}, {"Name": "every"}]


def test_a_security_configuration_has_the_members_of_the_api() -> None:
    service = FakeService()
    props = {"Name": "s", "EncryptionConfiguration": {"S3Encryptions": [{"S3EncryptionMode": "SSE-KMS"}]}}

    security_configuration_handlers(service)["create"]("Security", props, "stack")

    assert service.requests == [
        {"Name": "s", "EncryptionConfiguration": {"S3Encryption": [{"S3EncryptionMode": "SSE-KMS"}]}}
    ]


def test_an_alarm_over_an_expression_is_stored_and_one_on_a_metric_is_as_it_was() -> None:
    taken: list[dict[str, Any]] = []

    def create(logical_id: str, props: dict[str, Any], stack_name: str) -> tuple[str, dict[str, str]]:
        taken.append(props)
        return logical_id, {}

    def update(
        physical_id: str, old: dict[str, Any], new: dict[str, Any], *more: str
    ) -> tuple[str, dict[str, str]]:
        taken.extend([old, new])
        return physical_id, {}

    alarm = alarm_handlers({"create": create, "update": update, "update_with_logical_id": True})
    on_metric = {"Namespace": "AWS/SQS", "MetricName": "Age", "Threshold": 1}
    metrics = [{"Id": "most", "Expression": "MAX([a])"}, {"Id": "a", "ReturnData": False, "MetricStat": {}}]
    stored = {"Threshold": 2, "Namespace": "expressions", "MetricName": "most", "Statistic": "Maximum"}

    alarm["create"]("Age", on_metric, "stack")
    alarm["update"]("age", on_metric, {"Threshold": 2, "Metrics": metrics}, "stack", "Age")

    assert taken == [on_metric, on_metric, stored]
    assert alarm["update_with_logical_id"] is True


def test_a_refusal_of_a_service_fails_the_resource() -> None:
    with pytest.raises(ValueError, match="All: "):
        named_query_handlers(FakeService(400))["create"]("All", {}, "stack")


def test_a_resource_is_deleted_only_without_a_reason_to_stay() -> None:
    deleted: list[str] = []
    reasons = {"protected": "deletion protection is activated"}
    handlers = refusing_handlers(
        {"create": None, "delete": lambda physical_id, props: deleted.append(physical_id)}, reasons.get
    )

    handlers["delete"]("free", {})
    with pytest.raises(ValueError, match="deletion protection is activated"):
        handlers["delete"]("protected", {})

    assert deleted == ["free"]
    assert "create" in handlers


def test_a_resource_is_imported_by_its_name() -> None:
    handlers = importable_handlers({"create": None}, "DatabaseName")

    assert handlers["import"]({"DatabaseName": "lake"}) == ("lake", {})
    assert "create" in handlers
