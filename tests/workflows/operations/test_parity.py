"""`glueline parity`: which jobs it starts, how long it waits, and which certificates it returns."""

from dataclasses import replace

import pytest

from tests.workflows.operations.parity_stack import DRIFTED, GOOD, ParityStack
from workflows.operations import parity as subject
from workflows.operations.parity import ParityError, ParityProgress, Report, parity


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> ParityStack:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    return ParityStack()


def run(stack: ParityStack, *, repair: bool = False) -> tuple[Report, list[str]]:
    messages: list[str] = []
    progress = ParityProgress(messages.append)
    (report,) = parity(stack, ["things"], progress, repair=repair)  # type: ignore[arg-type]
    return report, messages


# --- certificates ------------------------------------------------------------------------------------------


def test_a_dataset_without_mismatches_has_its_certificate_after_one_job(stack: ParityStack) -> None:
    stack.finds(GOOD)

    report, _ = run(stack)

    assert report.certificate.ok
    assert [name for name, _ in stack.runs] == ["reconcile"]


def test_mismatches_are_checked_again_until_nothing_is_in_flight(stack: ParityStack) -> None:
    stack.finds_mismatches(3, 1, GOOD)

    report, messages = run(stack)

    assert report.certificate.ok
    assert [name for name, _ in stack.runs] == ["reconcile", "certify", "certify", "certify"]
    assert messages[1:] == [
        f"things: {count} keys that differed are not explained yet; "
        "waiting until what was in flight is merged"
        for count in (3, 3, 1)
    ]


def test_drift_is_reported_and_not_repaired_unless_requested(stack: ParityStack) -> None:
    stack.finds_mismatches(DRIFTED)

    report, _ = run(stack)

    assert report.certificate.keys.missing == ("1",)
    assert report.repaired_after is None
    assert stack.runs[1][1]["--REPAIR"] == "false"


def test_a_repair_is_certified_again(stack: ParityStack) -> None:
    stack.finds_mismatches(replace(DRIFTED, repaired=2))
    stack.finds_mismatches(2, GOOD)

    report, _ = run(stack, repair=True)

    assert [arguments.get("--REPAIR") for _, arguments in stack.runs] == [
        None,
        "true",
        None,
        "false",
        "false",
    ]
    assert report.certificate.ok
    assert report.repaired_after is not None
    assert report.repaired_after.keys.missing == ("1",)


def test_changes_that_stay_in_flight_are_an_error_that_names_them(
    stack: ParityStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subject, "patience_seconds", lambda target: -1)
    stack.finds_mismatches(2, 2)

    with pytest.raises(ParityError, match=r"things: 2 keys .* nothing has changed"):
        run(stack)


def test_a_certificate_of_another_run_is_not_taken_for_this_one(stack: ParityStack) -> None:
    stack.does["reconcile"] = [lambda run, _: stack.issue(GOOD, "jr_of_someone_else")]

    with pytest.raises(ParityError, match="found none of the run jr_1"):
        run(stack)


# --- jobs ---------------------------------------------------------------------------------------------------


def test_a_job_that_is_running_already_is_started_after_it(stack: ParityStack) -> None:
    stack.refusals = 2
    stack.finds(GOOD)

    assert run(stack)[0].certificate.ok


def test_a_job_that_fails_is_an_error_with_its_reason(stack: ParityStack) -> None:
    stack.finds(GOOD)
    stack.states["jr_1"] = {"Id": "jr_1", "JobRunState": "FAILED", "ErrorMessage": "no such table"}

    with pytest.raises(ParityError, match=r"reconcile ended FAILED: no such table.* No table was changed"):
        run(stack)


def test_the_second_attempt_of_a_job_counts(stack: ParityStack) -> None:
    first = {"Id": "jr_1", "JobRunState": "FAILED"}
    second = {"Id": "jr_1_attempt_1", "JobRunState": "SUCCEEDED", "Attempt": 1}
    stack.finds(GOOD)
    stack.get_job_runs = lambda **_: {"JobRuns": [second, first]}  # type: ignore[method-assign]

    assert run(stack)[0].certificate.ok


def test_only_a_local_stack_gets_shorter_times_and_a_higher_rate(stack: ParityStack) -> None:
    stack.finds(GOOD)
    run(stack)
    stack.endpoint_url = None
    stack.finds(GOOD)
    run(stack)

    local, aws = (arguments for _, arguments in stack.runs)
    assert local == {"--DATASET": "things", "--SETTLE_SECONDS": "5", "--READ_UNITS_PER_SECOND": "1000000"}
    assert aws == {"--DATASET": "things"}


def test_an_interrupted_command_can_say_what_is_certified_and_repaired(
    stack: ParityStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.finds(replace(DRIFTED, repaired=2))
    progress = ParityProgress(lambda _: None)

    def report(line: str) -> None:
        if line.startswith("repairs of"):
            raise KeyboardInterrupt

    progress.report = report
    with pytest.raises(KeyboardInterrupt):
        parity(stack, ["things"], progress, repair=True)  # type: ignore[arg-type]

    assert str(progress).startswith(
        "Certificates of: things. Repairs of things are in the RAW bucket and will be merged. No job run"
    )
