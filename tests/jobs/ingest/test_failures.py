"""The error of a run names each failure, and what to do."""

import pytest

from expectations.problems import GluelineError
from jobs.ingest.failures import BatchFailure, NoContract, RunFailed, contract_of, raise_failures
from jobs.intake.attempts import Attempts
from tests.jobs.builders import ENTITIES

OPEN = BatchFailure("KeyError: '…'", "b1-products", ("products",), Attempts(failures=2))
ASIDE = BatchFailure("ValueError: '…'", "b2", ("events", "things"), Attempts(failures=5), is_aside=True)


def test_a_run_without_failures_ends_well() -> None:
    raise_failures("check", [])


@pytest.mark.parametrize(
    ("failures", "message"),
    [
        (
            [OPEN],
            "check: products failed, everything else is done. products (batch b1-products, attempt 2 of 5): "
            "KeyError: '…'. Later runs try again. See glueline batches list",
        ),
        (
            [OPEN, ASIDE],
            "check: events, products, things failed, everything else is done. products (batch b1-products, "
            "attempt 2 of 5): KeyError: '…'; events, things (batch b2, set aside): ValueError: '…'. "
            "Fix the cause, then glueline batches retry b2 (glueline batches list has all)",
        ),
        (
            [BatchFailure("ClientError: SlowDown")],
            "check: failed, everything else is done. intake: ClientError: SlowDown. "
            "Later runs try again. See glueline batches list",
        ),
    ],
    ids=["one batch", "a batch that is set aside", "the queue"],
)
def test_a_failed_run_says_what_failed_and_what_to_do(failures: list[BatchFailure], message: str) -> None:
    with pytest.raises(RunFailed) as raised:
        raise_failures("check", failures)

    assert str(raised.value) == message
    assert isinstance(raised.value, GluelineError)


def test_of_many_failures_five_are_named() -> None:
    with pytest.raises(RunFailed, match=r"; and 2 more\. Later runs try again") as raised:
        raise_failures("merge", [OPEN] * 7)

    assert str(raised.value).count("b1-products") == 5


def test_a_dataset_whose_contract_was_removed_says_so() -> None:
    assert contract_of({"entities": ENTITIES}, "entities") == ENTITIES
    with pytest.raises(NoContract, match=r"dataset stock, got none.*deploy it again"):
        contract_of({"entities": ENTITIES}, "stock")
