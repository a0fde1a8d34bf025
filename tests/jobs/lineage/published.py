"""Whether an event is what OpenLineage publishes, by the classes of its client.

The classes are generated from the published JSON schemas. An unknown or missing field, a value of another
type and a schema of another version are errors, which name the place.
"""

from __future__ import annotations

import types
import typing
from typing import Any

import attr
from openlineage.client.event_v2 import RunEvent
from openlineage.client.generated import (
    base,
    column_lineage_dataset,
    data_quality_assertions_dataset,
    error_message_run,
    input_statistics_input_dataset,
    job_type_job,
    output_statistics_output_dataset,
    parent_run,
    schema_dataset,
)

FACETS: dict[str, Any] = {
    "columnLineage": column_lineage_dataset.ColumnLineageDatasetFacet,
    "dataQualityAssertions": data_quality_assertions_dataset.DataQualityAssertionsDatasetFacet,
    "errorMessage": error_message_run.ErrorMessageRunFacet,
    "glueline_batch": base.RunFacet,
    "inputStatistics": input_statistics_input_dataset.InputStatisticsInputDatasetFacet,
    "jobType": job_type_job.JobTypeJobFacet,
    "outputStatistics": output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet,
    "parent": parent_run.ParentRunFacet,
    "schema": schema_dataset.SchemaDatasetFacet,
}
OF_THE_PLACE = {
    "run": base.RunFacet,
    "job": base.JobFacet,
    "facets": base.DatasetFacet,
    "inputFacets": base.InputDatasetFacet,
    "outputFacets": base.OutputDatasetFacet,
}


def check_event(event: dict[str, Any]) -> None:
    """Raise AssertionError if this is not a run event of OpenLineage."""
    RunEvent(  # checks time and ids
        eventTime=event["eventTime"],
        eventType=typing.cast(Any, event["eventType"]),
        run=base.Run(event["run"]["runId"]),
        job=base.Job(event["job"]["namespace"], event["job"]["name"]),
        producer=event["producer"],
    )
    assert event["eventType"] in ("START", "COMPLETE", "ABORT", "FAIL", "OTHER")
    assert event["schemaURL"] == RunEvent._get_schema()
    known = {"eventTime", "eventType", "inputs", "job", "outputs", "producer", "run", "schemaURL"}
    assert event.keys() == known
    for place in ("run", "job"):
        assert set(event[place]) <= {"runId", "namespace", "name", "facets"}
        _check_facets(event[place].get("facets", {}), OF_THE_PLACE[place])
    for side, own in (("inputs", "inputFacets"), ("outputs", "outputFacets")):
        for dataset in event[side]:
            assert {"namespace", "name"} <= dataset.keys() <= {"namespace", "name", "facets", own}
            for group in ("facets", own):
                _check_facets(dataset.get(group, {}), OF_THE_PLACE[group])


def _check_facets(facets: dict[str, Any], kind: Any) -> None:
    for name, facet in facets.items():
        published = FACETS[name]
        assert issubclass(published, kind), f"{name} is no {kind.__name__}"
        given = dict(facet)
        assert given.pop("_producer").startswith("https://")
        assert given.pop("_schemaURL") == published._get_schema()
        if not name.startswith("glueline_"):  # a facet of ours has fields of ours
            _check(given, published, name)


def _check(given: Any, kind: Any, place: str) -> None:
    """Raise AssertionError unless the value is of this type: a class of the client, or a type of Python."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any:
        return
    if origin in (typing.Union, types.UnionType):
        assert any(_is(given, one, place) for one in arguments), f"{place}: {given!r} is no {kind}"
    elif origin is list:
        assert isinstance(given, list), place
        for number, one in enumerate(given):
            _check(one, arguments[0], f"{place}[{number}]")
    elif origin is dict:
        assert isinstance(given, dict), place
        for name, one in given.items():
            _check(one, arguments[1], f"{place}.{name}")
    elif attr.has(kind):
        assert isinstance(given, dict), place
        kinds = typing.get_type_hints(kind)
        fields = {field.name: field for field in attr.fields(kind) if not field.name.startswith("_")}
        assert given.keys() <= fields.keys(), f"{place}: unknown {given.keys() - fields.keys()}"
        required = {name for name, field in fields.items() if field.default is attr.NOTHING}
        assert required <= given.keys(), f"{place}: missing {required - given.keys()}"
        for name, one in given.items():
            _check(one, kinds[name], f"{place}.{name}")
    else:
        assert type(given) is kind, f"{place}: {given!r} is no {kind.__name__}"


def _is(given: Any, kind: Any, place: str) -> bool:
    if kind is type(None):
        return given is None
    try:
        _check(given, kind, place)
    except AssertionError:
        return False
    return True
