"""A Glue and an S3 of a few lines, in which the jobs of parity do what a test defines."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from expectations.odcs import load_contracts
from jobs.parity.certificates import Certificate, DriftedKeys
from jobs.parity.objects import ParityObjects
from tests.jobs.parity.certificate_builders import comparison

if TYPE_CHECKING:
    from expectations.contract import Contract

PREFIX = "dev-"  # of the names of jobs
COMPARED = comparison()
GOOD = Certificate.of(COMPARED, COMPARED.scanned_until)
DRIFTED = Certificate.of(COMPARED, COMPARED.scanned_until, DriftedKeys(missing=("1",), extra=("2",)))


@dataclass
class ParityStack:
    """A stack whose jobs do at once what the test defines, with a bucket in memory."""

    does: dict[str, list[Callable[[str, dict[str, str]], None]]] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    runs: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    states: dict[str, dict[str, Any]] = field(default_factory=dict)
    refusals: int = 0
    endpoint_url: str | None = "http://127.0.0.1:4566"
    is_on_aws: bool = False

    def contracts(self) -> "dict[str, Contract]":
        return load_contracts()

    def output(self, name: str) -> str:
        return {"JobPrefix": PREFIX}.get(name, name)

    def client(self, service: str) -> Any:
        return self

    # Glue

    def start_job_run(self, JobName: str, Arguments: dict[str, str]) -> dict[str, str]:
        if self.refusals:
            self.refusals -= 1
            raise ClientError({"Error": {"Code": "ConcurrentRunsExceededException"}}, "StartJobRun")
        assert JobName.startswith(PREFIX)
        job = JobName.removeprefix(PREFIX)
        self.runs.append((job, Arguments))
        run = f"jr_{len(self.runs)}"
        self.does[job].pop(0)(run, Arguments)
        return {"JobRunId": run}

    def get_job_runs(self, JobName: str, MaxResults: int) -> dict[str, Any]:
        succeeded = [{"Id": f"jr_{n + 1}", "JobRunState": "SUCCEEDED"} for n in range(len(self.runs))]
        return {"JobRuns": [self.states.get(run["Id"], run) for run in succeeded]}

    # S3

    def put_object(self, Bucket: str, Key: str, Body: bytes) -> None:
        self.objects[Key] = Body

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        return {"Body": io.BytesIO(self.objects[Key])}

    def delete_object(self, Bucket: str, Key: str) -> None:
        del self.objects[Key]

    def get_paginator(self, operation: str) -> Any:
        def pages(Bucket: str, Prefix: str, StartAfter: str = "") -> Iterator[dict[str, Any]]:
            keys = sorted(key for key in self.objects if key.startswith(Prefix) and key > StartAfter)
            yield {"Contents": [{"Key": key} for key in keys]}

        return SimpleNamespace(paginate=pages)

    # the jobs

    def finds(self, certificate: Certificate) -> None:
        """The next `reconcile` issues this certificate."""
        self.does.setdefault("reconcile", []).append(lambda run, _: self.issue(certificate, run))

    def finds_mismatches(self, *results: Certificate | int) -> None:
        """The next `reconcile` leaves mismatches; each `certify` certifies, or finds so many in flight."""
        at = datetime.now(UTC)
        compared = replace(COMPARED, verified_through=at, scanned_until=at)
        opened = []

        def reconcile(run: str, _: Any) -> None:
            opened.append(replace(compared, run_id=run))
            ParityObjects(self, "b").put_open(opened[0])  # type: ignore[arg-type]

        def certify_one(found: Certificate | int, _run: str, _arguments: Any) -> None:
            if isinstance(found, int):
                ParityObjects(self, "b").put_open(replace(opened[0], in_flight=found))  # type: ignore[arg-type]
            else:
                ParityObjects(self, "b").close(opened[0])  # type: ignore[arg-type]
                self.issue(found, opened[0].run_id)

        self.does.setdefault("reconcile", []).append(reconcile)
        self.does.setdefault("certify", []).extend(partial(certify_one, found) for found in results)

    def issue(self, certificate: Certificate, run: str) -> None:
        at = datetime.now(UTC)
        issued = replace(certificate, run_id=run, verified_through=at)
        ParityObjects(self, "b").issue(issued)  # type: ignore[arg-type]
