"""The lines between the runner and the Spark process are read as they were written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.local.spark.protocol import Ended, Ready, Report, RunRequest, report_from_json

TEXTS = st.dictionaries(st.text(), st.text())


@given(st.builds(RunRequest, st.text(), st.text(), TEXTS, TEXTS, st.text()))
def test_a_request_is_one_line_and_is_read_as_it_was_written(request_: RunRequest) -> None:
    line = request_.to_json()

    assert "\n" not in line
    assert RunRequest.from_json(f"{line}\n") == request_


@pytest.mark.parametrize("report", [Ready(12.5), Ended("jr_1", None), Ended("jr_1", "two\nlines")])
def test_a_report_is_one_line_and_is_read_as_it_was_written(report: Report) -> None:
    line = report.to_json()

    assert "\n" not in line
    assert report_from_json(f"{line}\n") == report
