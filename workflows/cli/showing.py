"""Shows what a command does, how far it is and how long it will take.

On a terminal this is one line on stderr that is drawn again and again. Elsewhere it is plain lines: one for
each step that takes longer than two seconds, and one now and then while it lasts. Shorter work shows nothing.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

from rich.live import Live
from rich.text import Text

from workflows.cli import durations, printing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from workflows.progress.waiting import Pending
    from workflows.stack.target import Target

QUIET_SECONDS: Final = 2.0
_LINE_SECONDS: Final = 10.0  # between two lines about a step whose state changes
_LONGEST_SILENCE: Final = 30.0
_FRAMES_A_SECOND: Final = 4
_TICK_SECONDS: Final = 0.5


class Step(NamedTuple):
    """What a command does now. `left` counts the parts of it that are still to be done."""

    name: str
    state: str = ""
    left: int | None = None


class Showing:
    """The steps of one command: call it with each step that begins, and again when its state has changed."""

    def __init__(
        self, before: dict[str, float], *, is_live: bool, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._before = before
        self._is_live = is_live
        self._clock = clock
        self._began = self._step_began = clock()
        self._step: Step | None = None
        self._most = 0  # parts of the step
        self._ended: dict[str, float] = {}
        self._live: Live | None = None
        self._written, self._written_at = Step(""), self._began
        self._lock = threading.RLock()

    def __call__(self, step: Step | str) -> None:
        step = Step(step) if isinstance(step, str) else step
        with self._lock:
            if self._step is None or step.name != self._step.name:
                self._end_step()
                self._step_began, self._most = self._clock(), 0
            self._step = step
            self._most = max(self._most, step.left or 0)
            self.tick()

    def seconds(self) -> dict[str, float]:
        """The seconds of each step so far, in their order."""
        if self._step is None:
            return dict(self._ended)
        name = self._step.name
        return self._ended | {name: self._ended.get(name, 0.0) + self._clock() - self._step_began}

    def line(self) -> str:
        """The state in one line."""
        passed = self._clock() - self._began
        if self._step is None:
            return ""
        step = self._step
        done = "" if not self._most else f"{self._most - (step.left or 0):,} of {self._most:,}"
        what = ": ".join(filter(None, (step.name, step.state)))
        return "   ".join(filter(None, (f"  {passed:>4.0f} s   {what}", done, self._left())))

    def tick(self) -> None:
        """Without a terminal: write a line if one is due."""
        with self._lock:
            now = self._clock()
            if self._is_live or self._step is None or now - self._step_began < QUIET_SECONDS:
                return
            silence, is_new = now - self._written_at, self._written.name != self._step.name
            is_other = self._written != self._step and silence >= _LINE_SECONDS
            if is_new or is_other or silence >= _LONGEST_SILENCE:
                self._written, self._written_at = self._step, now
                printing.err.print(Text(self.line()), soft_wrap=True)

    def say(self, line: str) -> None:
        """Print a line on stderr that stays."""
        with self.paused():
            printing.err.print(Text(f"  {line}", style="dim"), soft_wrap=True)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Clear the line while something else is printed or asked."""
        was_drawn = self._live is not None
        self._clear()
        try:
            yield
        finally:
            if was_drawn:
                self.draw()

    def draw(self) -> None:
        """Draw the line until the end or a pause."""
        self._live = Live(
            console=printing.err,
            get_renderable=lambda: Text(self._frame(), no_wrap=True, overflow="ellipsis"),
            refresh_per_second=_FRAMES_A_SECOND,
            transient=True,
            redirect_stdout=False,  # results stay on stdout, which may be a pipe
            redirect_stderr=False,
        )
        self._live.start()

    def end(self) -> dict[str, float]:
        """Clear the line; the seconds of each step."""
        self._clear()
        self._end_step()
        self._step = None
        return self._ended

    def _clear(self) -> None:
        live, self._live = self._live, None
        if live is not None:
            live.stop()

    def _end_step(self) -> None:
        if self._step is not None:
            self._ended = self.seconds()

    def _frame(self) -> str:
        return self.line() if self._clock() - self._began >= QUIET_SECONDS else ""

    def _left(self) -> str:
        seconds = self.seconds()
        step = self._step
        if step is None:
            return ""
        left = durations.seconds_left(self._before, seconds)
        if left is None and self._most:
            left = durations.counted_left(
                self._most - (step.left or 0), self._most, self._clock() - self._step_began
            )
        if left is not None:
            return f"about {left / 60:.0f} min left" if left >= 100 else f"about {max(left, 1):.0f} s left"
        return "longer than the last time" if self._before else ""


def pending_step(pending: Pending, name: str = "waiting until everything is merged") -> Step:
    """What is pending, in the direction of the flow."""
    return Step(
        name,
        f"inbound queue {pending.inbound:,}, intake queue {pending.intake:,}, "
        f"open batches {pending.batches:,}, files {pending.files:,}",
    )


def connected(stack: str | None) -> Target:
    """The stack that a command acts on; the wait for its answer is shown. Raises NoStack."""
    from workflows.stack.target import connect

    with showing(f"connect {stack or ''}".strip()) as show:
        show("asking for the stack")
        return connect(stack)


@contextmanager
def showing(command: str, target: Target | None = None) -> Iterator[Showing]:
    """Around the work of a command on a stack; without a target, on the local one.

    If it ends well, its seconds are kept for the next time.
    """
    name = f"{target.stack if target is not None and target.is_on_aws else 'local'} {command}"
    is_live = printing.err.file.isatty() and not printing.err.is_dumb_terminal
    shown = Showing(durations.remembered(name), is_live=is_live)
    ended = threading.Event()

    def tick() -> None:
        while not ended.wait(_TICK_SECONDS):
            shown.tick()

    ticking = threading.Thread(target=tick, daemon=True)
    if is_live:
        shown.draw()
    else:
        ticking.start()
    try:
        yield shown
    finally:
        ended.set()
        seconds = shown.end()
        if not is_live:
            ticking.join()
    if sum(seconds.values()) >= QUIET_SECONDS:
        durations.remember(name, seconds)
