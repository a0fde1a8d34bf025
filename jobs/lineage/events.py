"""The events of OpenLineage (https://openlineage.io) about one dataset of one batch, as plain values.

Pure: names, counts and results in, JSON objects out. The client of OpenLineage does not build them, because
it needs a newer `idna` than Glue has and more than a second to be imported. Tests compare each event with its
classes, which are generated from the published schemas.

A run is one step of one dataset of one batch. Its id follows from these three, so a step that is repeated
tells about the same run again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from expectations.contract import Column, Contract

type Event = dict[str, Any]

CHECK, MERGE = "check", "merge"
PRODUCER = "https://glueline.example/jobs"  # an address that is nobody's: the specification wants a URL
_SPEC = "https://openlineage.io/spec"
_SCHEMAS = {
    "columnLineage": "facets/1-2-0/ColumnLineageDatasetFacet",
    "dataQualityAssertions": "facets/1-1-0/DataQualityAssertionsDatasetFacet",
    "errorMessage": "facets/1-0-1/ErrorMessageRunFacet",
    "inputStatistics": "facets/1-0-0/InputStatisticsInputDatasetFacet",
    "jobType": "facets/2-0-4/JobTypeJobFacet",
    "outputStatistics": "facets/1-0-2/OutputStatisticsOutputDatasetFacet",
    "parent": "facets/1-2-0/ParentRunFacet",
    "schema": "facets/1-2-0/SchemaDatasetFacet",
}


@dataclass(frozen=True, slots=True)
class Dataset:
    """The name of data by OpenLineage's conventions."""

    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Input:
    """Objects that a step read: how many, with how many rows. Rows are None if they were not counted."""

    dataset: Dataset
    rows: int | None
    files: int | None = 1
    size: int | None = None  # bytes


@dataclass(frozen=True, slots=True)
class Assertion:
    """The result of one rule; `column` is None if the rule is about the dataset."""

    name: str
    expectation: str
    success: bool
    column: str | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """One step of one dataset of one batch, in the jobs' namespace of a stack."""

    namespace: str
    step: str
    batch_id: str
    dataset: str
    started: datetime

    @property
    def run_id(self) -> str:
        """The same for each repetition of the step."""
        return str(uuid5(NAMESPACE_URL, f"{self.namespace}/{self.batch_id}/{self.step}/{self.dataset}"))

    @property
    def batch_run_id(self) -> str:
        """The run of the batch as a whole."""
        return str(uuid5(NAMESPACE_URL, f"{self.namespace}/{self.batch_id}"))


def athena_table(region: str, database: str, table: str) -> Dataset:
    """A table, as OpenLineage names it in Athena: dbt's lineage of the same table has the same name."""
    return Dataset(f"awsathena://athena.{region}.amazonaws.com", f"awsdatacatalog.{database}.{table}")


def completed(
    run: Run, ended: datetime, inputs: Sequence[Input], output: Event, assertions: Sequence[Assertion] = ()
) -> list[Event]:
    """The events of a step that succeeded: START and COMPLETE."""
    read = [_input(one, assertions) for one in inputs]
    return [_event("START", run, run.started), _event("COMPLETE", run, ended) | _io(read, [output])]


def failed(run: Run, ended: datetime, error: str) -> list[Event]:
    """The events of a step that failed: START and FAIL, with the error in one line, which has no values."""
    event = _event("FAIL", run, ended)
    event["run"]["facets"] |= _facet("errorMessage", message=error, programmingLanguage="PYTHON")
    return [_event("START", run, run.started), event]


def written(
    table: Dataset, contract: Contract, sources: Iterable[Dataset], rows: int | None, *, by_alias: bool
) -> Event:
    """An output: the table with its columns, and the field of each source that each column comes from.

    Files may have a column under its aliases (`by_alias`); a table has it under its name.
    """
    lineage = {
        column.name: {
            "inputFields": [
                {
                    "namespace": source.namespace,
                    "name": source.name,
                    "field": name,
                    "transformations": [{"type": "DIRECT", "subtype": "IDENTITY"}],
                }
                for source in sources
                for name in (column.name, *(column.aliases if by_alias else ()))
            ]
        }
        for column in contract.columns
    }
    facets = _facet("schema", fields=[_field(column) for column in contract.columns])
    facets |= _facet("columnLineage", fields=lineage)
    output: Event = {"namespace": table.namespace, "name": table.name, "facets": facets}
    return output if rows is None else output | {"outputFacets": _facet("outputStatistics", rowCount=rows)}


def _event(kind: str, run: Run, at: datetime) -> Event:
    parent = {
        "run": {"runId": run.batch_run_id},
        "job": {"namespace": run.namespace, "name": "ingest"},
    }
    job_type = _facet("jobType", processingType="BATCH", integration="GLUELINE", jobType="JOB")
    return {
        "eventType": kind,
        "eventTime": at.isoformat(),
        "producer": PRODUCER,
        "schemaURL": f"{_SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": run.run_id, "facets": _facet("parent", **parent) | _batch(run)},
        "job": {"namespace": run.namespace, "name": f"{run.step}.{run.dataset}", "facets": job_type},
        **_io([], []),
    }


def _batch(run: Run) -> Event:
    """A facet of our own: the id under which tables, logs and commands know the batch."""
    return {
        "glueline_batch": {
            "_producer": PRODUCER,
            "_schemaURL": f"{_SPEC}/2-0-2/OpenLineage.json#/$defs/RunFacet",
            "batchId": run.batch_id,
        }
    }


def _io(inputs: list[Event], outputs: list[Event]) -> Event:
    return {"inputs": inputs, "outputs": outputs}


def _input(one: Input, assertions: Sequence[Assertion]) -> Event:
    counts = {"rowCount": one.rows, "size": one.size, "fileCount": one.files}
    facets = _facet("inputStatistics", **_given(counts))
    if assertions:
        results = [
            _given(
                {
                    "assertion": one.expectation,
                    "success": one.success,
                    "column": one.column,
                    "name": one.name,
                }
            )
            for one in assertions
        ]
        facets |= _facet("dataQualityAssertions", assertions=results)
    return {"namespace": one.dataset.namespace, "name": one.dataset.name, "inputFacets": facets}


def _field(column: Column) -> Event:
    described = _given({"name": column.name, "type": column.type, "description": column.description or None})
    return described | ({"fields": [_field(one) for one in column.fields]} if column.fields else {})


def _facet(name: str, **values: Any) -> Event:
    schema = _SCHEMAS[name]
    url = f"{_SPEC}/{schema}.json#/$defs/{schema.rpartition('/')[2]}"
    return {name: {"_producer": PRODUCER, "_schemaURL": url, **values}}


def _given(values: Mapping[str, Any]) -> Event:
    return {name: value for name, value in values.items() if value is not None}
