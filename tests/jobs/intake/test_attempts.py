"""A batch has a number of attempts. Failures of AWS don't use them up, but time does."""

from datetime import datetime, timedelta

from expectations.problems import RetryableError
from jobs.intake.attempts import KILLED, MOST, PATIENCE, Attempts
from tests.jobs.builders import SENT


def failed(attempts: Attempts, error: Exception, times: int, at: datetime = SENT) -> Attempts:
    for _ in range(times):
        attempts = attempts.after(error, at)
    return attempts


def test_failures_of_the_data_use_attempts_up() -> None:
    almost = failed(Attempts(), KeyError("a"), MOST - 1)

    assert not almost.are_used_up(SENT)
    assert failed(almost, KeyError("a"), 1).are_used_up(SENT)
    assert str(almost) == f"attempt {MOST - 1} of {MOST}"


def test_failures_of_aws_use_none_up_until_a_day_has_passed() -> None:
    attempts = failed(Attempts(), RetryableError("SlowDown"), 100)

    assert not attempts.are_used_up(SENT + PATIENCE - timedelta(seconds=1))
    assert attempts.are_used_up(SENT + PATIENCE)
    assert attempts.error == "RetryableError: SlowDown"


def test_a_batch_rests_after_a_failure_and_not_after_an_attempt_that_ended_the_process() -> None:
    attempts = failed(Attempts(), KeyError("a"), 1)

    assert attempts.has_failed_since(SENT)
    assert not attempts.has_failed_since(SENT + timedelta(seconds=1))
    assert not attempts.again(SENT).has_failed_since(SENT)
    assert not Attempts().has_failed_since(SENT)


def test_an_attempt_that_ended_the_process_counts_when_the_next_begins() -> None:
    attempts = Attempts()
    for _ in range(MOST):
        attempts = attempts.again(SENT)
    assert not attempts.are_used_up(SENT)

    attempts = attempts.again(SENT)

    assert attempts.are_used_up(SENT)
    assert attempts.error == KILLED


def test_an_attempt_that_ended_with_an_error_counts_once() -> None:
    assert failed(Attempts().again(SENT), KeyError("a"), 1).again(SENT).failures == 1


def test_a_batch_may_have_its_attempts_taken_away() -> None:
    first = failed(Attempts(), KeyError("a"), 1)

    attempts = first.used_up("by hand: why", SENT + timedelta(hours=1))

    assert attempts.are_used_up(SENT + timedelta(hours=1))
    assert (attempts.since, attempts.error) == (first.since, "by hand: why")


def test_attempts_survive_their_json() -> None:
    attempts = failed(Attempts().again(SENT), KeyError("a"), 2)

    assert Attempts.from_json(attempts.to_json()) == attempts
