"""The arguments of `reconcile` and `certify`."""

from datetime import timedelta

import pytest
from awsglue.utils import GlueArgumentError

from jobs.parity.options import OptionError, ParityOptions
from tests.jobs.builders import ENTITIES, EVENTS

ARGUMENTS = {
    "--LAKE_BUCKET": "lake",
    "--RAW_BUCKET": "raw",
    "--INTAKE_QUEUE_URL": "queue",
    "--DATABASE": "db",
    "--OPS_DATABASE": "ops",
    "--BACKLOG_RULE": "rule",
    "--METRICS_NAMESPACE": "Glueline/dev",
    "--TABLE_PREFIX": "dev-",
    "--JOB_RUN_ID": "jr_1",
}
CONTRACTS = {contract.dataset: contract for contract in (ENTITIES, EVENTS)}


def options(**changed: str) -> ParityOptions:
    given = ARGUMENTS | {f"--{name}": value for name, value in changed.items()}
    return ParityOptions.from_argv(["reconcile.py", *(text for pair in given.items() for text in pair)])


def test_all_arguments_of_parity_have_defaults() -> None:
    found = options()

    assert (found.table_prefix, found.dataset, found.repair) == ("dev-", None, False)
    assert (found.settle, found.read_units_per_second) == (timedelta(minutes=5), 500)
    assert found.lake.table("things") == "glue_catalog.db.things"


def test_arguments_replace_the_defaults() -> None:
    found = options(
        TABLE_PREFIX="test-", REPAIR="True", SETTLE_SECONDS="2.5", READ_UNITS_PER_SECOND="7", DATASET="events"
    )

    assert (found.forwarder, found.repair, found.settle) == ("test-forwarder", True, timedelta(seconds=2.5))
    assert found.read_units_per_second == 7
    assert found.datasets(CONTRACTS) == [EVENTS]


def test_without_a_dataset_all_are_compared() -> None:
    assert options().datasets(CONTRACTS) == [ENTITIES, EVENTS]


@pytest.mark.parametrize("changed", [{"REPAIR": "yes"}, {"READ_UNITS_PER_SECOND": "0"}])
def test_a_value_that_the_job_does_not_take_is_refused(changed: dict[str, str]) -> None:
    with pytest.raises(OptionError, match="expected --REPAIR true or false and --READ_UNITS_PER_SECOND"):
        options(**changed)


def test_an_unknown_dataset_is_refused_with_the_known_ones() -> None:
    with pytest.raises(OptionError, match="one of entities, events, got nothing"):
        options(DATASET="nothing").datasets(CONTRACTS)


def test_a_missing_argument_is_refused() -> None:
    with pytest.raises(GlueArgumentError):
        ParityOptions.from_argv(["reconcile.py", "--REPAIR", "true"])
