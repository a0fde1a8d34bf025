"""The arguments of `reconcile` and `certify`: those of every job, and their own, which have defaults."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from awsglue.utils import getResolvedOptions

from expectations.contract import Contract
from expectations.problems import GluelineError
from jobs.lake.names import Lake
from jobs.runtime.options import Options

_DEFAULTS = {
    "DATASET": "",
    "REPAIR": "false",
    "SETTLE_SECONDS": "300",
    "READ_UNITS_PER_SECOND": "500",
}


class OptionError(GluelineError):
    """Raised when an argument of a job has a value that the job does not take."""


@dataclass(frozen=True, slots=True)
class ParityOptions:
    """The options of `reconcile` and `certify`."""

    job: Options
    job_run_id: str
    table_prefix: str
    dataset: str | None  # None for all datasets
    repair: bool
    settle: timedelta  # the longest time that a write takes from DynamoDB to the RAW bucket
    read_units_per_second: float

    @classmethod
    def from_argv(cls, argv: Sequence[str]) -> "ParityOptions":
        """Read the options. Raises GlueArgumentError if one is missing, OptionError if a value is invalid."""
        named = [name for name in _DEFAULTS if f"--{name}" in argv]
        given = _DEFAULTS | {name: getResolvedOptions(list(argv), named)[name] for name in named}
        repair, units = given["REPAIR"].lower(), float(given["READ_UNITS_PER_SECOND"])
        if repair not in ("true", "false") or units <= 0:
            raise OptionError(
                "expected --REPAIR true or false and --READ_UNITS_PER_SECOND above 0, got "
                f"{given['REPAIR']} and {given['READ_UNITS_PER_SECOND']}"
            )
        settle = timedelta(seconds=float(given["SETTLE_SECONDS"]))
        prefix = getResolvedOptions(list(argv), ["TABLE_PREFIX"])["TABLE_PREFIX"]
        dataset = given["DATASET"] or None
        run_id = getResolvedOptions(list(argv), [])["JOB_RUN_ID"] or ""
        return cls(Options.from_argv(argv), run_id, prefix, dataset, repair == "true", settle, units)

    @property
    def lake(self) -> Lake:
        """The names of the tables."""
        return Lake(self.job.database, self.job.ops_database)

    @property
    def forwarder(self) -> str:
        """The function that writes stream records to the RAW bucket; its name has the stack's prefix."""
        return f"{self.table_prefix}forwarder"

    def datasets(self, contracts: Mapping[str, Contract]) -> list[Contract]:
        """The contract that `--DATASET` names, or all. Raises OptionError if there is no such contract."""
        if self.dataset is None:
            return list(contracts.values())
        if self.dataset not in contracts:
            raise OptionError(
                f"expected --DATASET to be one of {', '.join(sorted(contracts))}, got {self.dataset}"
            )
        return [contracts[self.dataset]]
