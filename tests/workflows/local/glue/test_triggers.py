"""When triggers fire: on full batches and closed windows of events, and on schedules."""

import pytest

from tests.workflows.local.glue.builders import NOON
from workflows.local.glue.definitions import Batching, Trigger, read_trigger
from workflows.local.glue.errors import InvalidInput
from workflows.local.glue.triggers import Triggers


def on_events(size: int = 3, window: int = 60) -> Trigger:
    return read_trigger(
        {
            "Name": "on-events",
            "Type": "EVENT",
            "WorkflowName": "flow",
            "Actions": [{"JobName": "check"}],
            "EventBatchingCondition": {"BatchSize": size, "BatchWindow": window},
        }
    )


def scheduled(schedule: str, name: str = "scheduled", workflow: str | None = None) -> Trigger:
    actions = [{"JobName": "check"}]
    return read_trigger(
        {
            "Name": name,
            "Type": "SCHEDULED",
            "WorkflowName": workflow,
            "Actions": actions,
            "Schedule": schedule,
        }
    )


def with_trigger(trigger: Trigger, *, activate: bool = True) -> Triggers:
    triggers = Triggers()
    triggers.put(trigger, activate=activate, now=NOON)
    return triggers


def test_a_trigger_fires_when_its_batch_is_full() -> None:
    trigger = on_events(size=3)
    triggers = with_trigger(trigger)

    assert triggers.collect(trigger, "a", NOON) is None
    assert triggers.collect(trigger, "b", NOON + 1) is None
    firing = triggers.collect(trigger, "c", NOON + 2)

    assert firing is not None
    assert (firing.event_ids, firing.batch) == (("a", "b", "c"), Batching(size=3, window=0))
    assert triggers.next_due() is None


def test_a_trigger_fires_when_the_window_that_its_first_event_opened_closes() -> None:
    trigger = on_events(window=60)
    triggers = with_trigger(trigger)
    triggers.collect(trigger, "a", NOON)
    triggers.collect(trigger, "b", NOON + 59)

    assert triggers.due(NOON + 59.9) == []
    assert triggers.next_due() == NOON + 60
    (firing,) = triggers.due(NOON + 60)

    assert (firing.event_ids, firing.batch) == (("a", "b"), Batching(size=0, window=60))
    assert triggers.due(NOON + 600) == []


def test_a_removed_trigger_loses_its_events() -> None:
    trigger = on_events()
    triggers = with_trigger(trigger)
    triggers.collect(trigger, "a", NOON)

    triggers.remove("on-events")

    assert triggers.due(NOON + 60) == []
    assert triggers.start_of("flow") is None


def test_a_schedule_fires_only_while_its_trigger_is_active() -> None:
    trigger = scheduled("rate(1 hour)")

    assert with_trigger(trigger, activate=False).next_due() is None
    assert with_trigger(trigger).next_due() == NOON + 3600


def test_a_schedule_that_was_missed_several_times_fires_once() -> None:
    triggers = with_trigger(scheduled("cron(0 * * * ? *)"))

    assert [firing.trigger.name for firing in triggers.due(NOON + 3 * 3600 + 5)] == ["scheduled"]
    assert triggers.next_due() == NOON + 4 * 3600


def test_a_new_definition_keeps_an_active_trigger_active_and_takes_effect() -> None:
    triggers = with_trigger(scheduled("rate(1 hour)"))

    triggers.put(scheduled("rate(1 minute)"), activate=False, now=NOON)

    assert triggers.states == {"scheduled": "ACTIVATED"}
    assert triggers.next_due() == NOON + 60


def test_a_schedule_that_is_over_fires_no_more() -> None:
    assert with_trigger(scheduled("cron(0 0 1 1 ? 2020)")).next_due() is None


def test_a_second_start_trigger_of_a_workflow_is_refused_as_on_aws() -> None:
    triggers = with_trigger(on_events())

    with pytest.raises(InvalidInput, match="already has the start trigger on-events, and AWS permits one"):
        triggers.put(scheduled("cron(0 3 * * ? *)", "nightly", "flow"), activate=True, now=NOON)
    triggers.put(on_events(size=9), activate=False, now=NOON)
    assert triggers.named["on-events"].batching.size == 9
