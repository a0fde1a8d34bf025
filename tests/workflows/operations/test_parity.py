"""`glueline parity` against a Glue and an S3 of a few lines: what it starts, waits for, reads and says."""

from __future__ import annotations

import io
import json
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from botocore.exceptions import ClientError
from rich.console import Console
from typer.testing import CliRunner

from expectations.odcs import load_contracts
from jobs.parity.certificates import Certificate, Comparison, Drift, ParityObjects
from workflows.cli import app
from workflows.operations import parity as subject
from workflows.operations.parity import Course, ParityError, Report, parity, run_job
from workflows.operations.parity_report import advice, certificate_table, lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from expectations.contract import Contract

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
COMPARED = Comparison(
    dataset="things",
    run_id="",
    verified_through=AT.isoformat(),
    scanned_until=AT.isoformat(),
    snapshot_id=7,
    buckets=256,
    differing_buckets=1,
    items=10,
    rows=12,
    drop_only=2,
    outranked=0,
    suspects=3,
)
GOOD = Certificate.of(COMPARED, AT, Drift())
DRIFTED = Certificate.of(COMPARED, AT, Drift(missing=("1",), extra=("2",)))


@dataclass
class Stack:
    """Jobs that do at once what the test says, and a bucket in memory."""

    does: dict[str, list[Callable[[str, dict[str, str]], None]]] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    runs: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    states: dict[str, dict[str, Any]] = field(default_factory=dict)
    refusals: int = 0
    endpoint_url: str | None = "http://127.0.0.1:4566"
    is_on_aws: bool = False

    def contracts(self) -> dict[str, Contract]:
        return load_contracts()

    def output(self, name: str) -> str:
        return name

    def client(self, service: str) -> Any:
        return self

    # Glue

    def start_job_run(self, JobName: str, Arguments: dict[str, str]) -> dict[str, str]:
        if self.refusals:
            self.refusals -= 1
            raise ClientError({"Error": {"Code": "ConcurrentRunsExceededException"}}, "StartJobRun")
        self.runs.append((JobName, Arguments))
        run = f"jr_{len(self.runs)}"
        self.does[JobName].pop(0)(run, Arguments)
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
        self.does.setdefault("reconcile", []).append(lambda run, _: self._issue(certificate, run))

    def suspects(self, *certify: Certificate | int) -> None:
        """The next `reconcile` leaves suspects; each `certify` certifies, or finds so many in flight."""
        at = datetime.now(UTC).isoformat()
        compared = replace(COMPARED, verified_through=at, scanned_until=at)
        opened = []

        def reconcile(run: str, _: Any) -> None:
            opened.append(replace(compared, run_id=run))
            ParityObjects(self, "b").open(opened[0])  # type: ignore[arg-type]

        def confirm(found: Certificate | int, _run: str, _arguments: Any) -> None:
            if isinstance(found, int):
                ParityObjects(self, "b").open(replace(opened[0], in_flight=found))  # type: ignore[arg-type]
            else:
                ParityObjects(self, "b").close(opened[0])  # type: ignore[arg-type]
                self._issue(found, opened[0].run_id)

        self.does.setdefault("reconcile", []).append(reconcile)
        self.does.setdefault("certify", []).extend(partial(confirm, found) for found in certify)

    def _issue(self, certificate: Certificate, run: str) -> None:
        at = datetime.now(UTC).isoformat()
        issued = replace(certificate, run_id=run, verified_through=at)
        ParityObjects(self, "b").issue(issued)  # type: ignore[arg-type]


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Stack:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    return Stack()


def run(stack: Stack, *, repair: bool = False) -> tuple[Report, list[str]]:
    told: list[str] = []
    (report,) = parity(stack, ["things"], Course(told.append), repair=repair)  # type: ignore[arg-type]
    return report, told


# --- the course of things -----------------------------------------------------------------------------------


def test_a_dataset_without_suspects_has_its_certificate_after_one_job(stack: Stack) -> None:
    stack.finds(GOOD)

    report, _ = run(stack)

    assert report.certificate.ok
    assert [name for name, _ in stack.runs] == ["reconcile"]


def test_suspects_are_looked_at_again_until_nothing_is_in_flight(stack: Stack) -> None:
    stack.suspects(3, 1, GOOD)

    report, told = run(stack)

    assert report.certificate.ok
    assert [name for name, _ in stack.runs] == ["reconcile", "certify", "certify", "certify"]
    assert told[1:] == [
        f"things: {count} keys that differed are not explained yet; "
        "waiting until what was in flight is merged"
        for count in (3, 3, 1)
    ]


def test_drift_is_told_and_not_repaired_unasked(stack: Stack) -> None:
    stack.suspects(DRIFTED)

    report, _ = run(stack)

    assert report.certificate.missing == ("1",)
    assert report.repaired_after is None
    assert stack.runs[1][1]["--REPAIR"] == "false"


def test_a_repair_is_certified_again(stack: Stack) -> None:
    stack.suspects(replace(DRIFTED, repaired=2))
    stack.suspects(2, GOOD)

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
    assert report.repaired_after.missing == ("1",)


def test_what_stays_in_flight_is_an_error_that_says_so(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "patience_seconds", lambda target: -1)
    stack.suspects(2, 2)

    with pytest.raises(ParityError, match=r"things: 2 keys .* nothing has moved"):
        run(stack)


def test_a_certificate_of_another_run_is_not_taken_for_this_one(stack: Stack) -> None:
    stack.does["reconcile"] = [lambda run, _: stack._issue(GOOD, "jr_of_someone_else")]

    with pytest.raises(ParityError, match="found none of the run jr_1"):
        run(stack)


# --- jobs ---------------------------------------------------------------------------------------------------


def test_a_job_that_runs_already_is_waited_for(stack: Stack) -> None:
    stack.refusals = 2
    stack.finds(GOOD)

    assert run(stack)[0].certificate.ok


def test_a_job_that_fails_is_an_error_with_its_reason(stack: Stack) -> None:
    stack.finds(GOOD)
    stack.states["jr_1"] = {"Id": "jr_1", "JobRunState": "FAILED", "ErrorMessage": "no such table"}

    with pytest.raises(ParityError, match="reconcile ended FAILED: no such table"):
        run(stack)


def test_the_second_attempt_of_a_job_counts(stack: Stack) -> None:
    first = {"Id": "jr_1", "JobRunState": "FAILED"}
    second = {"Id": "jr_1_attempt_1", "JobRunState": "SUCCEEDED", "Attempt": 1}
    stack.does["reconcile"] = [lambda run, _: None]
    stack.get_job_runs = lambda **_: {"JobRuns": [second, first]}  # type: ignore[method-assign]

    assert run_job(stack, "reconcile", {}, Course(lambda _: None)) == "jr_1"  # type: ignore[arg-type]


def test_only_the_local_stack_is_hurried(stack: Stack) -> None:
    stack.finds(GOOD)
    run(stack)
    stack.endpoint_url = None
    stack.finds(GOOD)
    run(stack)

    local, aws = (arguments for _, arguments in stack.runs)
    assert local == {"--DATASET": "things", "--SETTLE_SECONDS": "5", "--READ_UNITS_PER_SECOND": "1000000"}
    assert aws == {"--DATASET": "things"}


# --- what a person reads ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("certificate", "says"),
    [
        (GOOD, None),
        (DRIFTED, "glueline parity things --repair"),
        (replace(DRIFTED, repaired=2), "the repair is on its way"),
        (
            Certificate.of(COMPARED, AT, Drift(quarantined=("1",))),
            "glueline replay --quarantine --dataset things",
        ),
        (Certificate.of(COMPARED, AT, Drift(erased=("1",))), "glueline erase things KEY"),
    ],
)
def test_a_certificate_that_is_not_good_says_what_to_do(certificate: Certificate, says: str | None) -> None:
    found = advice(certificate)

    assert found is None if says is None else says in (found or "")


def test_the_keys_are_named_and_a_long_list_is_cut() -> None:
    many = Certificate.of(COMPARED, AT, Drift(missing=tuple(map(str, range(12))), extra=("x",)))

    (line,) = lines(Report(many))

    assert line == "things: missing 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more; extra x"


def test_the_table_shows_a_certificate_in_one_line() -> None:
    console = Console(width=130, file=io.StringIO())
    console.print(certificate_table([Report(DRIFTED)]))
    text = console.file.getvalue()  # type: ignore[attr-defined]

    assert "│ things  │ 11-24 12:00:00   │ 10    │ 12   │ 2     │ 1       │ 1     │" in text
    assert "NO" in text


@pytest.mark.parametrize(("certificate", "code"), [(GOOD, 0), (DRIFTED, 1)])
def test_the_exit_code_is_zero_only_if_every_certificate_is_good(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, certificate: Certificate, code: int
) -> None:
    monkeypatch.setattr("workflows.stack.target.connect", lambda name: stack)
    stack.finds(replace(certificate, dataset="products"))

    answer = CliRunner().invoke(app, ["parity", "products", "--json"])

    assert answer.exit_code == code
    (printed,) = json.loads(answer.stdout)
    assert printed["ok"] is (code == 0)
    assert printed["repaired_after"] is None


def interrupt(*_: object, **__: object) -> NoReturn:
    raise KeyboardInterrupt


def test_parity_that_is_interrupted_while_a_job_runs_says_that_the_run_goes_on(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflows.stack.target.connect", lambda name: stack)
    stack.does["reconcile"] = [lambda run, _: None]
    stack.get_job_runs = interrupt  # type: ignore[method-assign]

    answer = CliRunner().invoke(app, ["parity", "products"], env={"COLUMNS": "300"})

    assert answer.exit_code == 130
    assert (
        "Interrupted. Certificates of: none. The job run jr_1 goes on by itself. "
        "The same command compares again and goes on to the certificates."
    ) in " ".join(answer.stderr.split())


def test_parity_that_is_interrupted_between_jobs_says_what_is_certified_and_repaired(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.finds(replace(DRIFTED, repaired=2))
    course = Course(lambda _: None)

    def tell(line: str) -> None:
        if line.startswith("repairs of"):
            interrupt()

    course.tell = tell
    with pytest.raises(KeyboardInterrupt):
        parity(stack, ["things"], course, repair=True)  # type: ignore[arg-type]

    assert str(course).startswith(
        "Certificates of: things. Repairs of things are in the RAW bucket and will be merged. No job run"
    )


def test_a_certificate_survives_json() -> None:
    assert Certificate.from_json(json.dumps(asdict(DRIFTED))) == DRIFTED
