"""The triggers: which are active, the events that they collect, and when each of them fires next."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from workflows.local.glue.definitions import START_TYPES, Batching, Trigger
from workflows.local.glue.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Firing:
    """One firing of a trigger; that of an EVENT trigger has its events and the condition that was met."""

    trigger: Trigger
    event_ids: tuple[str, ...] = ()
    batch: Batching | None = None


@dataclass(slots=True)
class CollectedEvents:
    """Events of an EVENT trigger that has not fired yet; the window begins with the first."""

    since: float
    event_ids: list[str] = field(default_factory=list)


class Triggers:
    """All triggers by name, with the state of each."""

    def __init__(self) -> None:
        self.named: dict[str, Trigger] = {}
        self.states: dict[str, str] = {}  # as the API names them: CREATED, ACTIVATED
        self._collected: dict[str, CollectedEvents] = {}
        self._next_firing: dict[str, float] = {}

    def put(self, trigger: Trigger, *, activate: bool, now: float) -> None:
        """Add a trigger, or replace its definition; a replaced trigger stays active if it was.

        Raises InvalidInput if the workflow has another start trigger already.
        """
        other = self.start_of(trigger.workflow) if trigger.workflow and trigger.type in START_TYPES else None
        if other and other.name != trigger.name:
            raise InvalidInput(
                f"trigger {trigger.name}: workflow {trigger.workflow} already has the start trigger "
                f"{other.name}, and AWS permits one; to start it another way too, send an event to its EVENT "
                "trigger"
            )
        self.named[trigger.name] = trigger
        state = "ACTIVATED" if activate else self.states.get(trigger.name, "CREATED")
        self.states[trigger.name] = state
        self._next_firing.pop(trigger.name, None)
        if state == "ACTIVATED":
            self._plan(trigger, now)

    def remove(self, name: str) -> None:
        """Remove a trigger and the events it has collected; a missing one is no error, as on AWS."""
        for by_name in (self.named, self.states, self._collected, self._next_firing):
            by_name.pop(name, None)

    def of(self, workflow: str) -> Iterator[Trigger]:
        """The triggers of one workflow."""
        return (trigger for trigger in self.named.values() if trigger.workflow == workflow)

    def start_of(self, workflow: str) -> Trigger | None:
        """The trigger that starts a workflow, None if it has none."""
        return next((trigger for trigger in self.of(workflow) if trigger.type in START_TYPES), None)

    def collect(self, trigger: Trigger, event_id: str, now: float) -> Firing | None:
        """Give an event to an EVENT trigger, which fires if its batch is now full."""
        collected = self._collected.setdefault(trigger.name, CollectedEvents(now))
        collected.event_ids.append(event_id)
        if len(collected.event_ids) < trigger.batching.size:
            return None
        return self._fire_with_events(trigger, Batching(size=trigger.batching.size, window=0))

    def due(self, now: float) -> list[Firing]:
        """Fire the triggers whose window has closed or whose scheduled time has come.

        A schedule that was missed several times, because the machine slept, fires once.
        """
        closed = [name for name in self._collected if self._window_closes(name) <= now]
        firings = [
            self._fire_with_events(
                self.named[name], Batching(size=0, window=self.named[name].batching.window)
            )
            for name in closed
        ]
        for name in [name for name, at in self._next_firing.items() if at <= now]:
            self._plan(self.named[name], now)
            firings.append(Firing(self.named[name]))
        return firings

    def next_due(self) -> float | None:
        """When `due` has something to fire next, if nothing else happens."""
        windows = [self._window_closes(name) for name in self._collected]
        return min([*windows, *self._next_firing.values()], default=None)

    def _window_closes(self, name: str) -> float:
        return self._collected[name].since + self.named[name].batching.window

    def _fire_with_events(self, trigger: Trigger, batch: Batching) -> Firing:
        return Firing(trigger, tuple(self._collected.pop(trigger.name).event_ids), batch)

    def _plan(self, trigger: Trigger, now: float) -> None:
        self._next_firing.pop(trigger.name, None)
        if trigger.schedule is not None:
            following = trigger.schedule.next_after(datetime.fromtimestamp(now, UTC))
            if following is not None:
                self._next_firing[trigger.name] = following.timestamp()
