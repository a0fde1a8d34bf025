"""Logs and metrics of the API: enough to follow a request, and no personal data."""

from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from lambdas.data_api import app, reports
from tests.lambdas.contracts import thing
from tests.lambdas.data_api.conftest import NOW, Answer, Call, Failing, change

MARKER = "marker-of-a-person"
PATH = f"/things/{MARKER},2026-11-24"


def row(**changed: Any) -> dict[str, Any]:
    return thing(**{"name": MARKER, "tags": [MARKER], "size": {"width": 1, "unit": MARKER}} | changed)


def every_route(call: Call) -> list[Answer]:
    """Every route, with an accepted request and with every kind of refused request."""
    good = [
        call("POST", "/things", row()),
        call("PATCH", PATH, {"tags": [MARKER, MARKER]}),
        call("GET", PATH),
        call("GET", "/things"),
        call("PUT", PATH, row(flag=True)),
        call("DELETE", PATH),
        call(
            "POST",
            "/batch",
            {
                "changes": [
                    change("things", row()),
                    change("things", {"name": MARKER, "day": "2026-11-24"}, "delete"),
                ]
            },
        ),
    ]
    refused = [
        call("GET", PATH),
        call("PATCH", PATH, {}),
        call("PUT", PATH, row(), if_match='"5"'),
        call("PUT", PATH, row(), if_match=MARKER),
        call("DELETE", PATH, if_match='"5"'),
        call("POST", "/things", row(**{MARKER: MARKER})),
        call("POST", "/things", row(day=MARKER, exact=MARKER, flag=MARKER, blob="ä" + MARKER)),
        call("PUT", PATH, row(name="other")),
        call("PUT", f"/things/{MARKER}", row()),
        call("GET", f"/things/{MARKER},{MARKER}"),
        call("GET", f"/{MARKER}"),
        call("GET", f"/{MARKER}/{MARKER}"),
        call("POST", PATH, row()),
        call("GET", PATH, permissions=""),
        call("GET", "/things", query={MARKER: MARKER}),
        call("GET", "/things", query={"limit": MARKER}),
        call("GET", "/things", query={"next": MARKER}),
        call("POST", "/things", raw={"body": f'{{"name": "{MARKER}", "name": "{MARKER}"'}),
        call("POST", "/things", raw={"body": f'{{"{MARKER}": 1, "{MARKER}": 2}}'}),
        call("POST", "/things", row(), content_type=MARKER),
        call("POST", "/batch", {"changes": MARKER}),
    ]
    assert [answer.status for answer in good] == [201, 200, 200, 200, 200, 204, 200]
    assert all(answer.status >= 400 for answer in refused)
    return [*good, *refused]


HOSTILE = [
    MARKER,
    {MARKER: MARKER},
    change("things", row(), event_id={MARKER: MARKER}),
    change("things", row(), time=MARKER),
    change(MARKER, row()),
    change("things", row(), op=MARKER),
    change("things", {MARKER: MARKER}),
    change("things", MARKER),
    change("things", row(**{MARKER: {MARKER: MARKER}})),
    change("things", row(size={MARKER: MARKER})),
    change("things", row(tags=[{MARKER: MARKER}])),
    change("things", row(day=MARKER)),
    change("things", row(tags=[MARKER * 30_000])),
    change("things", {"name": MARKER, "day": "2026-11-24"}, "delete", time="2017-01-01T00:00:00Z"),
]


def logged(caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]) -> list[str]:
    printed = capsys.readouterr()
    return [str(vars(record)) for record in caplog.records] + [printed.out, printed.err]


def test_no_log_line_and_metric_of_any_route_has_personal_data(
    call: Call, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    every_route(call)
    answer = call("POST", "/batch", {"changes": HOSTILE})

    lines = logged(caplog, capsys)
    assert {result["status"] for result in answer.body["results"]} == {"rejected", "stale"}
    assert len(lines) > len(HOSTILE)
    assert [line for line in lines if MARKER in line] == []


@pytest.mark.parametrize(
    "failure",
    [
        ClientError({"Error": {"Code": "ThrottlingException", "Message": MARKER}}, "PutItem"),
        EndpointConnectionError(endpoint_url=f"https://{MARKER}"),
    ],
)
def test_no_log_line_has_the_message_of_an_error_of_dynamodb(
    call: Call,
    failing: Failing,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    *,
    failure: Exception,
) -> None:
    failing.failures = [failure] * 9

    assert call("PUT", PATH, row()).status == 503
    assert call("POST", "/batch", {"changes": [change("things", row())]}).status == 503
    assert [line for line in logged(caplog, capsys) if MARKER in line] == []


def test_a_refused_request_is_logged_with_its_problem(call: Call, caplog: pytest.LogCaptureFixture) -> None:
    call("POST", "/things", row(flag=7, **{MARKER: 1}))

    [line] = [vars(record) for record in caplog.records if record.message == "problem"]
    assert (line["method"], line["dataset"], line["route"]) == ("POST", "things", "collection")
    assert (line["problem"], line["status"]) == ("contract-violation", 422)
    assert sorted(line["violations"]) == ["/* additionalProperties", "/flag type"]


def test_a_written_row_is_logged_with_its_event(call: Call, caplog: pytest.LogCaptureFixture) -> None:
    call("POST", "/things", row())

    [line] = [vars(record) for record in caplog.records if record.message == "row written"]
    assert (line["event_id"], line["version"]) == ("UjQ3mh3doAMEPaw=", NOW)


def test_log_lines_have_the_ids_of_the_request(call: Call) -> None:
    call("POST", "/things", row())

    assert reports._logger.get_current_keys()["request_id"].startswith("UjQ3mh3doAMEPaw=")
    assert reports._logger.get_correlation_id() == app._logger.get_correlation_id()
