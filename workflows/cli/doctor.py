"""The command that checks a running stack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from workflows.cli.app import app
from workflows.cli.confirming import is_interactive, name_target
from workflows.cli.printing import AsJson, StackName, out, print_json
from workflows.cli.showing import Showing, connected, showing

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflows.deploy.findings import Finding
    from workflows.stack.target import Target

_STYLES = {"fine": "green", "warning": "yellow", "wrong": "red", "not checked": "dim"}


@app.command()
def doctor(
    event: Annotated[
        bool | None,
        typer.Option(
            "--event/--no-event",
            help="Send a test event through everything, or none (default: ask at a terminal, else none).",
        ),
    ] = None,
    as_json: AsJson = False,
    stack: StackName = None,
) -> None:
    """Check a running stack, and say what is wrong and what to do. Exit code 1 if anything is wrong.

    The test event deletes a key that no row has, as of 2000: no table shows it. All other checks only read.
    """
    from workflows.deploy.findings import Verdict
    from workflows.doctor.checks import checks

    target = connected(stack)
    name_target(target)
    findings: list[Finding] = []

    def take(finding: Finding, show: Showing) -> None:
        findings.append(finding)
        if not as_json:
            with show.paused():
                out.print(str(finding), style=_STYLES[finding.verdict], markup=False)

    with showing("doctor", target) as show:
        show("checking the stack")
        for finding in checks(target):
            take(finding, show)
    if event if event is not None else _agrees(as_json=as_json):
        with showing("doctor --event", target) as show:
            _send(target, take, show)
    wrong = [finding for finding in findings if finding.verdict is Verdict.WRONG]
    if as_json:
        print_json([finding.to_dict() for finding in findings])
    elif wrong:
        out.print(f"Next: correct the {len(wrong)} findings that are wrong, then run this again.")
    else:
        out.print("Nothing is wrong. Next: glueline console (what the stack does), docs/operations.md")
    if wrong:
        raise typer.Exit(1)


def _agrees(*, as_json: bool) -> bool:
    question = "Send a test event (the delete of a key that no row has; it leaves a tombstone)?"
    return not as_json and is_interactive() and typer.confirm(question, err=True)


def _send(target: Target, take: Callable[[Finding, Showing], None], show: Showing) -> None:
    from workflows.deploy.findings import unknown
    from workflows.doctor.journey import NoTestEvent, journey, make_event

    try:
        event = make_event(target.contracts())
    except NoTestEvent as error:
        take(unknown("test event", str(error)), show)
        return
    for finding in journey(target, event, show):
        take(finding, show)
