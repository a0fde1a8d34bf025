"""The lineage of a batch, as its steps told it: what each read, what it wrote, and which rules held.

`steps` is pure, and gives what a picture needs: inputs and outputs are the nodes, steps the arrows. The
events are those of `jobs.lineage.events`, in the lake bucket under `lineage/<batch>/`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from expectations.problems import GluelineError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workflows.stack.target import Target


@dataclass(frozen=True, slots=True)
class Read:
    """Data that a step read; what was not counted is None. `size` is in bytes."""

    address: str  # s3://bucket/key, or catalog.database.table
    rows: int | None = None
    files: int | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class ColumnSource:
    """A column of what a step wrote, and the fields that it comes from: (address, field)."""

    name: str
    type: str
    sources: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of one dataset of a batch."""

    batch_id: str
    step: str  # check or merge
    dataset: str
    state: str  # COMPLETE, FAIL or START
    started: str  # ISO 8601
    ended: str | None
    inputs: tuple[str, ...] = ()  # s3://bucket/key, or catalog.database.table
    outputs: tuple[str, ...] = ()
    rows_read: int | None = None
    rows_accepted: int | None = None
    broken_rules: tuple[str, ...] = ()
    error: str | None = None
    reads: tuple[Read, ...] = ()  # the inputs with their counts
    columns: tuple[ColumnSource, ...] = ()


class UnreadableLineage(GluelineError):
    """Raised when an object of lineage has something else; the message names it."""


def read_steps(target: Target, batch_id: str) -> list[Step]:
    """The steps of a batch, oldest first; none if the batch told nothing, or its lineage has expired.

    A step of a batch has one object, and another if it failed. Raises UnreadableLineage.
    """
    s3, bucket = target.client("s3"), target.output("LakeBucket")
    found = s3.list_objects_v2(Bucket=bucket, Prefix=f"lineage/{batch_id}/").get("Contents", ())
    events: list[dict[str, Any]] = []
    for one in found:
        body = s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read()
        try:
            some = [json.loads(line) for line in body.splitlines()]
            steps(some)
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise UnreadableLineage(
                f"Expected events of OpenLineage in s3://{bucket}/{one['Key']}, got something else "
                f"({type(error).__name__}). Nothing but this drawing reads it: it may be removed."
            ) from error
        events += some
    return steps(events)


def steps(events: Iterable[dict[str, Any]]) -> list[Step]:
    """The steps that the events tell of, oldest first. The event of an end says more than that of a start."""
    by_run: dict[str, dict[str, dict[str, Any]]] = {}
    for event in events:
        by_run.setdefault(event["run"]["runId"], {})[event["eventType"]] = event
    found = [_step(run) for run in by_run.values()]
    return sorted(found, key=lambda one: (one.started, one.step, one.dataset))


def _step(run: dict[str, dict[str, Any]]) -> Step:
    last = run.get("COMPLETE") or run.get("FAIL") or next(iter(run.values()))
    ended = None if last["eventType"] == "START" else last["eventTime"]
    name, _, dataset = last["job"]["name"].partition(".")
    facets = last["run"]["facets"]
    return Step(
        batch_id=facets["glueline_batch"]["batchId"],
        step=name,
        dataset=dataset,
        state=last["eventType"],
        started=run.get("START", last)["eventTime"],
        ended=ended,
        inputs=tuple(map(_address, last["inputs"])),
        outputs=tuple(map(_address, last["outputs"])),
        rows_read=_rows(last["inputs"], "inputFacets", "inputStatistics"),
        rows_accepted=_rows(last["outputs"], "outputFacets", "outputStatistics"),
        broken_rules=tuple(_broken(last["inputs"])),
        error=facets.get("errorMessage", {}).get("message"),
        reads=tuple(map(_read, last["inputs"])),
        columns=tuple(column for output in last["outputs"] for column in _columns(output)),
    )


def _read(dataset: dict[str, Any]) -> Read:
    counts = dataset.get("inputFacets", {}).get("inputStatistics", {})
    return Read(_address(dataset), counts.get("rowCount"), counts.get("fileCount"), counts.get("size"))


def _columns(dataset: dict[str, Any]) -> Iterable[ColumnSource]:
    facets = dataset.get("facets", {})
    lineage = facets.get("columnLineage", {}).get("fields", {})
    for field in facets.get("schema", {}).get("fields", ()):
        sources = lineage.get(field["name"], {}).get("inputFields", ())
        yield ColumnSource(
            field["name"], field.get("type", ""), tuple((_address(one), one["field"]) for one in sources)
        )


def _address(dataset: dict[str, Any]) -> str:
    namespace, name = dataset["namespace"], dataset["name"]
    return f"{namespace}/{name}" if namespace.startswith("s3://") else str(name)


def _rows(datasets: Iterable[dict[str, Any]], facets: str, facet: str) -> int | None:
    counts = [dataset.get(facets, {}).get(facet, {}).get("rowCount") for dataset in datasets]
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _broken(datasets: Iterable[dict[str, Any]]) -> Iterable[str]:
    """The names of the rules that do not hold; each input has the results of all of them."""
    return {
        assertion.get("name", assertion["assertion"]): None
        for dataset in datasets
        for assertion in dataset.get("inputFacets", {}).get("dataQualityAssertions", {}).get("assertions", ())
        if not assertion["success"]
    }
